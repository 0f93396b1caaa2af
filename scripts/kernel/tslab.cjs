// Loads the parts of tslab that the kernel uses, with a clear error if they are not the expected ones.
'use strict';

const { replaceCompiler } = require('./compiler.cjs');

const TSLAB_VERSION = '1.0.22';

function loadTslab() {
  const { version } = require('tslab/package.json');
  const cure = `this kernel is written for tslab ${TSLAB_VERSION}; install that version, or adapt scripts/kernel`;
  if (version !== TSLAB_VERSION) throw new Error(`found tslab ${version}, but ${cure}`);
  replaceCompiler();
  const { createConverter } = require('tslab/dist/converter.js');
  const { createExecutor } = require('tslab/dist/executor.js');
  const jupyter = require('tslab/dist/jupyter.js');
  const needed = {
    'converter.createConverter': createConverter,
    'executor.createExecutor': createExecutor,
    'jupyter.JupyterHandlerImpl.handleExecute': jupyter.JupyterHandlerImpl?.prototype.handleExecute,
    'jupyter.ZmqServer.handleExecute': jupyter.ZmqServer?.prototype.handleExecute,
  };
  for (const [name, value] of Object.entries(needed)) {
    if (typeof value !== 'function') throw new Error(`tslab has no function ${name}, but ${cure}`);
  }
  return { createConverter, createExecutor, jupyter };
}

module.exports = { loadTslab };
