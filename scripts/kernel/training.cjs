// Lets Stop end the training of a tf.LayersModel after the current batch, so that `fit` works again at once.
'use strict';

const Module = require('node:module');
const { rememberCall } = require('./calls.cjs');
const { Stopped, signalFor } = require('./interrupts.cjs');

/** Milliseconds between two requests to stop, which are repeated since `fit` ignores those before its first batch. */
const REMIND = 20;

/**
 * Follows `fit` and `fitDataset` of every copy of tfjs that is loaded from now on, and puts a copy in order whose code was
 * ended where it stood.
 */
function makeTrainingStoppable({ onStop, onForce }) {
  /** Of each model in training, the functions that end it, and that forget it when it has ended. */
  const running = new Map();
  onStop(() => {
    for (const { stop } of running.values()) stop();
  });
  onForce(() => {
    for (const [model, { forget }] of running) {
      model.isTraining = false;
      forget();
    }
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
      const forget = () => {
        clearInterval(reminder);
        running.delete(this);
      };
      signalFor({ orderly: true });
      running.set(this, { stop, forget });
      try {
        const history = await train.apply(this, args);
        if (reminder) throw new Stopped('training stopped after a batch; the model keeps its weights');
        return history;
      } catch (error) {
        rememberCall(error, call.stack);
        throw error;
      } finally {
        forget();
      }
    };
  }

  const known = new WeakSet();
  const load = Module._load;
  Module._load = function (request, ...rest) {
    const loaded = load.call(this, request, ...rest);
    if (!/tfjs/.test(request)) return loaded;
    if (typeof loaded?.engine === 'function' && !known.has(loaded.engine())) {
      known.add(loaded.engine());
      onForce(() => leaveOperations(loaded.engine()));
    }
    const model = loaded?.LayersModel?.prototype;
    if (model && !known.has(model)) {
      known.add(model);
      for (const name of ['fit', 'fitDataset']) model[name] = stoppable(model[name]);
    }
    return loaded;
  };
}

/** No operation, gradient or `tidy` lasts longer than the code that was ended; their tensors are freed. */
function leaveOperations(engine) {
  const { state } = engine;
  state.kernelDepth = 0;
  state.gradientDepth = 0;
  while (state.scopeStack.length > 0) engine.endScope();
}

module.exports = { makeTrainingStoppable };
