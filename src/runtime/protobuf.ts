/** The protocol buffers of TensorFlow that tfjs-node brings; google-protobuf's generated classes have no types. */
import { bindingPath } from './binding';

// biome-ignore lint/suspicious/noExplicitAny: untyped library
export type Message = any;
// biome-ignore lint/suspicious/noExplicitAny: untyped library
export type Messages = any;

/** Classes by name, such as `GraphDef` and `Summary`. They are loaded when they are needed. */
export function messages(): Messages {
  return require(bindingPath('/dist/proto/api_pb.js'));
}
