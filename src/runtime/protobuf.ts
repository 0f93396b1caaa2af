/** TensorFlow's protocol buffers, which come with tfjs-node; google-protobuf's generated classes have no types. */
import { bindingPath } from './binding';

// biome-ignore lint/suspicious/noExplicitAny: untyped library
export type Message = any;
// biome-ignore lint/suspicious/noExplicitAny: untyped library
export type Messages = any;

/** The classes by name, such as `GraphDef` and `Summary`, which are loaded when needed. */
export function messages(): Messages {
  return require(bindingPath('/dist/proto/api_pb.js'));
}
