// Lets Stop end the training of a tf.LayersModel after the current batch, so that `fit` works again at once.
'use strict';

const Module = require('node:module');
const { Stopped } = require('./interrupts.cjs');

/** Milliseconds between two requests to stop, which are repeated since `fit` ignores those before its first batch. */
const REMIND = 20;

/** Wraps `fit` and `fitDataset` of every copy of tfjs that is loaded from now on. */
function makeTrainingStoppable(onStop) {
  /** The functions that end the training of each model. */
  const running = new Set();
  onStop(() => {
    for (const stop of running) stop();
  });

  function stoppable(train) {
    return async function (...args) {
      // Errors that `fit` throws later no longer have the cell in their stack.
      const call = new Error();
      let reminder;
      const stop = () => {
        reminder ??= setInterval(() => {
          this.stopTraining = true;
        }, REMIND);
        this.stopTraining = true;
      };
      running.add(stop);
      try {
        const history = await train.apply(this, args);
        if (reminder) throw new Stopped('training stopped after a batch; the model keeps its weights');
        return history;
      } catch (error) {
        if (error instanceof Error) error.calledFrom ??= call.stack;
        throw error;
      } finally {
        clearInterval(reminder);
        running.delete(stop);
      }
    };
  }

  const known = new WeakSet();
  const load = Module._load;
  Module._load = function (request, ...rest) {
    const loaded = load.call(this, request, ...rest);
    if (!/tfjs/.test(request)) return loaded;
    const model = loaded?.LayersModel?.prototype;
    if (model && !known.has(model)) {
      known.add(model);
      for (const name of ['fit', 'fitDataset']) model[name] = stoppable(model[name]);
    }
    return loaded;
  };
}

module.exports = { makeTrainingStoppable };
