// Makes the project's package available by its name in any folder; '..' works only in the folder notebooks.
'use strict';

const Module = require('node:module');
const path = require('node:path');

const ROOT = path.resolve(__dirname, '..', '..');
const { name, main, types } = require('../../package.json');

/** Lets `require` find the package by its name from any folder. */
function resolvePackage() {
  const resolve = Module._resolveFilename;
  Module._resolveFilename = function (request, ...rest) {
    return resolve.call(this, request === name ? path.join(ROOT, main) : request, ...rest);
  };
}

const packageTypes = path.join(ROOT, types);
/** The same for the compiler, as its option `paths`. */
const packagePaths = { [name]: [packageTypes] };

/** Where the compiled files of the package are. */
const packageFolder = path.join(ROOT, path.dirname(main));

module.exports = { packageFolder, packageName: name, packagePaths, packageTypes, resolvePackage };
