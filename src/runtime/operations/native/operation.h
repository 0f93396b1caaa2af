/** Operations of TensorFlow's C API, defined with their kernels for the processor in one call. */
#pragma once
#include <cstdint>
#include <initializer_list>
#include <tensorflow/c/kernels.h>
#include <tensorflow/c/ops.h>
#include <vector>

/** Threads that one operation may use. */
extern int64_t threads;

struct Status {
  TF_Status *status = TF_NewStatus();
  ~Status() { TF_DeleteStatus(status); }
  operator TF_Status *() { return status; }
  bool ok() const { return TF_GetCode(status) == TF_OK; }
};

typedef std::vector<int64_t> Shape;

int64_t sizeOf(const Shape &shape);

/** One run of an operation. Its tensors are freed at the end, and a failure is reported to TensorFlow then. */
class Call {
public:
  /** The operation's attributes, in the order of its definition. */
  const std::vector<float> &attributes;

  Call(TF_OpKernelContext *context, const char *name, const std::vector<float> &attributes);
  ~Call();
  bool ok() const { return status.ok(); }
  void refuse(const char *why) { fail(TF_INVALID_ARGUMENT, why); }
  void fail(TF_Code code, const char *why);
  Shape shape(int input) const;
  template <class T> const T *input(int i) const { return static_cast<const T *>(TF_TensorData(tensors[i])); }
  /** Room for an output; check `ok` before it is used. */
  float *output(int i, const Shape &shape);

private:
  TF_OpKernelContext *context;
  const char *name;
  Status status;
  std::vector<TF_Tensor *> tensors;
};

/** Infers the shapes of an operation's outputs from those of its inputs. */
class Inference {
public:
  TF_ShapeInferenceContext *context;
  TF_Status *status;

  /** The output has the shape of an input. */
  void like(int output, int input);
  /** The output has the axes of an input but for the last, and then an axis of another input, or none. */
  void withLast(int output, int input, int other = -1, int axis = 0);
  /** The output has the shape of filters of 3 x 3 between images of rank 4. */
  void filters(int output, int images, int results);
};

struct Operation {
  const char *name;
  std::initializer_list<const char *> inputs, outputs, attributes;
  void (*infer)(Inference &);
  void (*compute)(Call &);
};

/** Adds an operation to TensorFlow; false where it takes none. The operation must live as long as the program. */
bool define(const Operation &operation);
