#include "operation.h"
#include <new>
#include <string>

int64_t threads = 1;

int64_t sizeOf(const Shape &shape) {
  int64_t size = 1;
  for (const int64_t axis : shape) size *= axis;
  return size;
}

Call::Call(TF_OpKernelContext *context, const char *name, const std::vector<float> &attributes)
    : attributes(attributes), context(context), name(name), tensors(TF_NumInputs(context)) {
  for (size_t i = 0; i < tensors.size() && ok(); i++) TF_GetInput(context, int(i), &tensors[i], status);
}

Call::~Call() {
  if (!ok()) TF_OpKernelContext_Failure(context, status);
  for (TF_Tensor *tensor : tensors)
    if (tensor) TF_DeleteTensor(tensor);
}

void Call::fail(TF_Code code, const char *why) { TF_SetStatus(status, code, (std::string(name) + ": " + why).c_str()); }

Shape Call::shape(int input) const {
  Shape shape(TF_NumDims(tensors[input]));
  for (size_t axis = 0; axis < shape.size(); axis++) shape[axis] = TF_Dim(tensors[input], int(axis));
  return shape;
}

float *Call::output(int i, const Shape &shape) {
  const size_t bytes = sizeof(float) * size_t(sizeOf(shape));
  TF_Tensor *tensor = TF_AllocateOutput(context, i, TF_FLOAT, shape.data(), int(shape.size()), bytes, status);
  if (!ok()) return nullptr;
  tensors.push_back(tensor);
  return static_cast<float *>(TF_TensorData(tensor));
}

namespace {

/** A shape of the inference, freed at the end. */
struct Handle {
  TF_ShapeHandle *handle = TF_NewShapeHandle();
  ~Handle() { TF_DeleteShapeHandle(handle); }
  operator TF_ShapeHandle *() { return handle; }
};

} // namespace

void Inference::like(int output, int input) {
  Handle shape;
  TF_ShapeInferenceContextGetInput(context, input, shape, status);
  TF_ShapeInferenceContextSetOutput(context, output, shape, status);
}

void Inference::withLast(int output, int input, int other, int axis) {
  Handle shape, first, second, last, whole;
  TF_ShapeInferenceContextGetInput(context, input, shape, status);
  if (!TF_ShapeInferenceContextRankKnown(context, shape)) return TF_ShapeInferenceContextSetUnknownShape(context, status);
  TF_ShapeInferenceContextSubshape(context, shape, 0, -1, first, status);
  if (other < 0) return TF_ShapeInferenceContextSetOutput(context, output, first, status);
  TF_ShapeInferenceContextGetInput(context, other, second, status);
  if (!TF_ShapeInferenceContextRankKnown(context, second)) return TF_ShapeInferenceContextSetUnknownShape(context, status);
  TF_ShapeInferenceContextSubshape(context, second, axis, axis + 1, last, status);
  TF_ShapeInferenceContextConcatenateShapes(context, first, last, whole, status);
  TF_ShapeInferenceContextSetOutput(context, output, whole, status);
}

void Inference::filters(int output, int images, int results) {
  Handle in, out, place, whole;
  TF_ShapeInferenceContextGetInput(context, images, in, status);
  TF_ShapeInferenceContextGetInput(context, results, out, status);
  if (!TF_ShapeInferenceContextRankKnown(context, in) || !TF_ShapeInferenceContextRankKnown(context, out))
    return TF_ShapeInferenceContextSetUnknownShape(context, status);
  TF_ShapeHandle *three = TF_ShapeInferenceContextVectorFromSize(context, 3);
  TF_ShapeInferenceContextConcatenateShapes(context, three, three, place, status);
  TF_DeleteShapeHandle(three);
  TF_ShapeInferenceContextSubshape(context, in, 3, 4, in, status);
  TF_ShapeInferenceContextSubshape(context, out, 3, 4, out, status);
  TF_ShapeInferenceContextConcatenateShapes(context, place, in, whole, status);
  TF_ShapeInferenceContextConcatenateShapes(context, whole, out, whole, status);
  TF_ShapeInferenceContextSetOutput(context, output, whole, status);
}

namespace {

/** The C API calls plain functions: the N-th operation's are made from N. */
constexpr int MOST = 8;
const Operation *operations[MOST];
int defined = 0;

template <int N> struct Functions {
  static void infer(TF_ShapeInferenceContext *context, TF_Status *status) {
    Inference inference{context, status};
    operations[N]->infer(inference);
  }
  static void *create(TF_OpKernelConstruction *construction) {
    auto *attributes = new std::vector<float>;
    Status status;
    for (const std::string spec : operations[N]->attributes) {
      float value = 0;
      TF_OpKernelConstruction_GetAttrFloat(construction, spec.substr(0, spec.find(':')).c_str(), &value, status);
      attributes->push_back(value);
    }
    if (!status.ok()) TF_OpKernelConstruction_Failure(construction, status);
    return attributes;
  }
  static void compute(void *kernel, TF_OpKernelContext *context) {
    Call call(context, operations[N]->name, *static_cast<std::vector<float> *>(kernel));
    if (!call.ok()) return;
    try {
      operations[N]->compute(call);
    } catch (const std::bad_alloc &) {
      call.fail(TF_RESOURCE_EXHAUSTED, "the memory for it is not there");
    }
  }
  static void destroy(void *kernel) { delete static_cast<std::vector<float> *>(kernel); }

  static bool add(int n) {
    if constexpr (N + 1 < MOST) {
      if (n != N) return Functions<N + 1>::add(n);
    }
    const Operation &operation = *operations[N];
    Status status;
    TF_OpDefinitionBuilder *definition = TF_NewOpDefinitionBuilder(operation.name);
    for (const char *spec : operation.inputs) TF_OpDefinitionBuilderAddInput(definition, spec);
    for (const char *spec : operation.outputs) TF_OpDefinitionBuilderAddOutput(definition, spec);
    for (const char *spec : operation.attributes) TF_OpDefinitionBuilderAddAttr(definition, spec);
    TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, infer);
    TF_RegisterOpDefinition(definition, status);
    if (!status.ok()) return false;
    auto *builder = TF_NewKernelBuilder(operation.name, "CPU", create, compute, destroy);
    TF_RegisterKernelBuilder(operation.name, builder, status);
    return status.ok();
  }
};

} // namespace

bool define(const Operation &operation) {
  if (defined == MOST) return false;
  operations[defined] = &operation;
  return Functions<0>::add(defined++);
}
