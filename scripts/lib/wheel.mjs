/** Which TensorFlow wheels this machine needs: versions, platform and checksums, pinned. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

export const TENSORFLOW = '2.21.0';

/** The wheels are those for CPython 3.11; the libraries inside do not depend on Python. */
const CPU = {
  x64: `tensorflow-cpu==${TENSORFLOW} --hash=sha256:2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c`,
  arm64: `tensorflow==${TENSORFLOW} --hash=sha256:4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c`,
};
const MACHINES = { x64: 'x86_64', arm64: 'aarch64' };
/** TensorFlow with CUDA's libraries, as PyPI's tensorflow[and-cuda] takes them. */
const GPU = new URL('../tensorflow-gpu.txt', import.meta.url);

/**
 * The wheels for a machine: requirements for pip with checksums, pip's names of its platform, where the library goes,
 * and the disk that it takes. Undefined where there are none (the WebAssembly backend runs there).
 */
export function wheelsFor({ os = process.platform, cpu = process.arch, gpu = false } = {}) {
  if (os !== 'linux' || !CPU[cpu]) return undefined;
  const versions = Array.from({ length: 24 }, (_, i) => `manylinux_2_${28 - i}`); // pip wants each tag named
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

/** True when NVIDIA's driver sees a GPU. */
export function hasGpu() {
  const { status, stdout } = spawnSync('nvidia-smi', ['-L'], { encoding: 'utf8', timeout: 20_000 });
  return status === 0 && /^GPU \d+:/m.test(stdout);
}

/** What of the wheels is needed: two libraries, the headers of the C API, and CUDA's libraries and compiler. */
export const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
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
