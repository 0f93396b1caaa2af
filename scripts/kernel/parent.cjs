// Whether the program that started the kernel is still there: one that is killed cannot end its kernels.
'use strict';

/** Milliseconds between two looks. */
const LOOK = 1000;

/**
 * Calls `gone` when the program that started the kernel has ended. Jupyter names it in JPY_PARENT_PID, unless the kernel shall
 * outlive it; under Windows the variable holds something else. A program between the two, such as one that chooses the version of Node, ends
 * later or not at all, and a program outside of a container cannot be seen from inside.
 */
function whenParentIsGone(gone) {
  const starter = process.platform === 'win32' ? Number.NaN : Number(process.env.JPY_PARENT_PID);
  if (!(starter > 1)) return;
  const parent = process.ppid;
  const seen = isAlive(starter);
  const looking = setInterval(() => {
    if (process.ppid === parent && (!seen || isAlive(starter))) return;
    clearInterval(looking);
    gone();
  }, LOOK);
  looking.unref();
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // It is the process of another user.
    return error.code === 'EPERM';
  }
}

module.exports = { whenParentIsGone };
