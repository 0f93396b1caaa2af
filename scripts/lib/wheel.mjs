/** Which TensorFlow wheel this machine needs: version, platform and checksum, pinned. */

export const TENSORFLOW = '2.21.0';

/** The wheels for CPython 3.11 (the libraries inside do not depend on Python), with their sha256. */
const CPU_WHEELS = {
  x64: {
    requirement: `tensorflow-cpu==${TENSORFLOW}`,
    platform: 'manylinux_2_27_x86_64',
    sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
  },
  arm64: {
    requirement: `tensorflow==${TENSORFLOW}`,
    platform: 'manylinux_2_27_aarch64',
    sha256: '4b24aca16d527a3cf1c37f720c04c484c3d20f4d0fdfa98632ac8b9f3be6eb5c',
  },
};

/** The wheel for a machine, or undefined where there is none (the WebAssembly backend runs there). */
export function wheelFor({ os = process.platform, cpu = process.arch } = {}) {
  if (os !== 'linux' || !CPU_WHEELS[cpu]) return undefined;
  return CPU_WHEELS[cpu];
}

/** What of the wheel is needed: two libraries, and the headers of the C API. */
export const LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
export const HEADERS = ['tensorflow/c/', 'tensorflow/core/platform/', 'tsl/platform/', 'xla/tsl/c/'];
