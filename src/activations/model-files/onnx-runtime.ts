/** ONNX Runtime, if it is installed. It is not among this project's packages, since it takes 290 MB of disk space. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** A tensor of ONNX Runtime. */
export interface OrtTensor {
  readonly type: string;
  readonly dims: readonly number[];
  readonly data: ArrayBufferView;
  dispose(): void;
}

interface Metadata {
  readonly name: string;
  readonly isTensor: boolean;
  readonly type?: string;
  readonly shape?: readonly (number | string)[];
}

/** A model that can be run. */
export interface OrtSession {
  readonly inputNames: readonly string[];
  readonly inputMetadata: readonly Metadata[];
  readonly outputMetadata: readonly Metadata[];
  run(
    feeds: Readonly<Record<string, OrtTensor>>,
    fetches: readonly string[],
  ): Promise<Readonly<Record<string, OrtTensor>>>;
  release(): Promise<void>;
}

/** The part of onnxruntime-node that is used here. */
export interface OnnxRuntime {
  readonly InferenceSession: { create(model: Uint8Array, options: object): Promise<OrtSession> };
  readonly Tensor: new (type: string, data: object, dims: readonly number[]) => OrtTensor;
}

const PACKAGE = 'onnxruntime-node';
const VERSION = '1.30.0';
const PROJECT = join(__dirname, '..', '..', '..');
/** ONNX Runtime has a folder of its own, since npm removes from node_modules what package.json does not name. */
const FOLDER = join('.cache', 'onnxruntime');

/** The command that installs it. Without install scripts, nothing is fetched from outside npm's registry. */
export const INSTALL_ONNX_RUNTIME: string = `npm install --prefix ${FOLDER} --ignore-scripts ${PACKAGE}@${VERSION}`;

/** Whether ONNX Runtime is installed. */
export function hasOnnxRuntime(): boolean {
  return existsSync(packageFile());
}

/** @throws Error with the command that installs it */
export function onnxRuntime(): OnnxRuntime {
  if (!hasOnnxRuntime())
    throw new Error(
      `ONNX files are run by ${PACKAGE}, which is not installed: run \`${INSTALL_ONNX_RUNTIME}\` in ${PROJECT}`,
    );
  return createRequire(packageFile())(PACKAGE) as OnnxRuntime;
}

function packageFile(): string {
  return join(PROJECT, FOLDER, 'node_modules', PACKAGE, 'package.json');
}
