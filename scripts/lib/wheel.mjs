/** The TensorFlow wheels that this machine needs, with pinned versions, platforms and checksums. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';

export const TENSORFLOW = '2.21.0';

/** The wheels for CPython 3.11; the libraries inside do not depend on Python. */
const CPU = {
  x64: `tensorflow-cpu==${TENSORFLOW} --hash=sha256:2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c`,
  arm64: `tensorflow==${TENSORFLOW} --hash=sha256:4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c`,
};
/** The wheels for macOS. On x86-64, where the last wheels are those of TensorFlow 2.16, WebAssembly is used. */
const MACOS = {
  arm64: `tensorflow==${TENSORFLOW} --hash=sha256:51f46f4806139d01fc7920cc72a4c75876f80649bf40ff083ab6212ceb43ca88`,
};
const MACHINES = { x64: 'x86_64', arm64: 'aarch64' };
/** TensorFlow with CUDA's libraries, as in PyPI's tensorflow[and-cuda]. */
const GPU = new URL('../tensorflow-gpu.txt', import.meta.url);

/**
 * The wheels for a machine: requirements for pip with checksums, pip's names of the platform, the folder of the library, and the
 * disk space that it needs. Undefined if there are none, in which case the WebAssembly backend is used.
 */
export function wheelsFor({ os = process.platform, cpu = process.arch, gpu = false } = {}) {
  if (os === 'darwin' && MACOS[cpu])
    return {
      title: `TensorFlow ${TENSORFLOW} (270 MB)`,
      requirements: `${MACOS[cpu]}\n`,
      platforms: [`macosx_12_0_${cpu}`],
      folder: `tensorflow-${TENSORFLOW}`,
      gib: 1.5,
    };
  if (os !== 'linux' || !CPU[cpu]) return undefined;
  const versions = Array.from({ length: 24 }, (_, i) => `manylinux_2_${28 - i}`); // pip requires each tag by name
  const platforms = [...versions, 'manylinux2014', 'manylinux2010', 'manylinux1'].map(
    (tag) => `${tag}_${MACHINES[cpu]}`,
  );
  if (gpu && cpu === 'x64')
    return {
      title: `TensorFlow ${TENSORFLOW} with CUDA (3 GB)`,
      requirements: readFileSync(GPU, 'utf8'),
      platforms,
      folder: `tensorflow-${TENSORFLOW}-gpu/tensorflow`,
      gib: 12,
    };
  return {
    title: `TensorFlow ${TENSORFLOW} (270 MB)`,
    requirements: `${CPU[cpu]}\n`,
    platforms,
    folder: `tensorflow-${TENSORFLOW}`,
    gib: 1.5,
  };
}

/** True if NVIDIA's driver sees a GPU. */
export function hasGpu() {
  const { status, stdout } = spawnSync('nvidia-smi', ['-L'], { encoding: 'utf8', timeout: 20_000 });
  return status === 0 && /^GPU \d+:/m.test(stdout);
}

/** The files that are needed from the wheels: two libraries, the headers of the C API, and CUDA's libraries and compiler. */
export const LIBRARIES =
  process.platform === 'darwin'
    ? ['libtensorflow_cc.2.dylib', 'libtensorflow_framework.2.dylib']
    : ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];

/** The library that the other needs, as a program opens it. */
export const FRAMEWORK = `${process.platform === 'darwin' ? '@rpath/' : ''}${LIBRARIES[1]}`;

/** The relative path by which an addon in `folder` finds the libraries. */
export function runPathTo(library, folder, os = process.platform) {
  return `-Wl,-rpath,${os === 'darwin' ? '@loader_path' : '$ORIGIN'}/${relative(folder, library)}`;
}

/** Options that link an addon in `folder` to the libraries in `library`. */
export function linkTo(library, folder, os = process.platform) {
  const linked =
    os === 'darwin'
      ? LIBRARIES.map((name) => join(library, name))
      : [`-L${library}`, ...LIBRARIES.map((name) => `-l:${name}`)];
  return [...linked, runPathTo(library, folder, os)];
}

export const PATTERNS = [
  ...LIBRARIES.map((name) => `tensorflow/${name}`),
  ...[
    'tensorflow/c',
    'tensorflow/core/common_runtime/next_pluggable_device/c',
    'tensorflow/core/platform',
    'tsl/platform',
    'xla/tsl/c',
  ].map((folder) => `tensorflow/include/${folder}/*`),
  ...['*/lib/*', 'cuda_nvcc/*'].map((part) => `nvidia/${part}`),
];
