import { strict as assert } from 'node:assert';
import * as tf from '@tensorflow/tfjs';
import { loadBackend, tensorflowBackend } from '../../../src/runtime/backend';
import { compile } from '../../../src/runtime/compile/program';
import { LONG_TRACE } from '../../../src/runtime/compile/recorder';
import { updateVariables } from '../../../src/runtime/compile/trace';
import { createOptimizer, type OptimizerConfig } from '../../../src/training/optimizers';

const values = (tensor: tf.Tensor): number[] => Array.from(tensor.dataSync());

function warningsOf(body: () => void): string[] {
  const { warn } = console;
  const warnings: string[] = [];
  console.warn = (text: string) => warnings.push(text);
  try {
    body();
  } finally {
    console.warn = warn;
  }
  return warnings;
}

describe('compile', () => {
  before(async () => {
    assert.equal((await loadBackend()).name, 'tensorflow', 'these tests need the TensorFlow backend');
  });

  it('keeps variables between runs and entries', () => {
    const w = tf.variable(tf.zeros([3]));
    const program = compile({
      variables: { w },
      entries: {
        add: (x: tf.Tensor) => {
          w.assign(tf.add(w, x));
          return tf.sum(w);
        },
        scaled: (x: tf.Tensor) => ({ scaled: tf.mul(w, x), x }),
      },
    });
    assert.deepEqual(
      [1, 2, 3].map(() => values(program.runSync('add', tf.ones([3])))[0]),
      [3, 6, 9],
    );
    const { scaled, x } = program.runSync('scaled', tf.scalar(2));
    assert.deepEqual(values(scaled), [6, 6, 6]);
    assert.deepEqual(values(x), [2]);
    program.dispose();
    assert.deepEqual(values(w), [3, 3, 3], 'dispose hands the values back');
  });

  it('traces again for a new shape and carries the variables over', () => {
    const w = tf.variable(tf.scalar(0));
    const program = compile({
      variables: { w },
      entries: {
        count: (x: tf.Tensor) => {
          w.assign(tf.add(w, tf.sum(x)));
          return tf.clone(w);
        },
      },
    });
    const counts = [2, 2, 5, 2].map((n) => values(program.runSync('count', tf.ones([n])))[0]);
    assert.deepEqual(counts, [2, 4, 9, 11]);
    program.dispose();
  });

  it('tells apart inputs and variables that share data', () => {
    const same = tf.ones([2]);
    const [a, b] = [tf.variable(same), tf.variable(same)];
    const program = compile({
      variables: { a, b },
      entries: {
        step: (x: tf.Tensor, y: tf.Tensor) => {
          a.assign(tf.add(x, b));
          b.assign(tf.mul(y, 10));
          return [tf.clone(a), tf.clone(b), tf.add(same, 0)];
        },
      },
    });
    const run = (): number[] => program.runSync('step', same, same).map((t) => values(t)[0]!);
    assert.deepEqual(run(), [2, 10, 1]);
    assert.deepEqual(run(), [11, 10, 1]);
    program.dispose();
  });

  it('reads after an update in place what the update wrote', () => {
    const w = tf.variable(tf.scalar(5));
    const optimizer = createOptimizer({ kind: 'sgd' }, { w });
    const program = compile({
      variables: { w },
      entries: {
        step: (g: tf.Tensor) => {
          optimizer.apply({ w: g }, tf.scalar(1), tf.scalar(1));
          return tf.clone(w);
        },
      },
    });
    assert.deepEqual(
      [1, 1].map((g) => values(program.runSync('step', tf.scalar(g)))[0]),
      [4, 3],
    );
    program.dispose();
  });

  for (const config of [
    { kind: 'adam', weightDecay: 0.1, beta2: 0.98 },
    { kind: 'sgd', momentum: 0.9, weightDecay: 0.1 },
    { kind: 'sgd' },
  ] satisfies OptimizerConfig[]) {
    it(`gives what eager ${config.kind} gives, within 1e-5 over 10 steps (${JSON.stringify(config)})`, () => {
      // The losses are below 5, where a rounding of float32 is 3e-7: 30 of them, one or two for each step.
      const start = tf.randomNormal([4, 3], 0, 1, 'float32', 1);
      const x = tf.randomNormal([8, 4], 0, 1, 'float32', 2);
      const problem = (): {
        w: tf.Variable;
        step: (n: tf.Scalar) => tf.Tensor;
        slots: Record<string, tf.Variable>;
      } => {
        const w = tf.variable(start.clone());
        const optimizer = createOptimizer(config, { w });
        const step = (n: tf.Scalar): tf.Tensor => {
          const { value, grads } = tf.variableGrads(
            () => tf.mean(tf.square(tf.sub(tf.matMul(x, w as tf.Tensor2D), 1))),
            [w],
          );
          optimizer.apply({ w: grads[w.name]! }, tf.scalar(0.05), n);
          return value;
        };
        return { w, step, slots: optimizer.variables };
      };
      const eager = problem();
      const traced = problem();
      const program = compile({
        variables: { w: traced.w, ...traced.slots },
        entries: { step: traced.step },
      });
      for (let n = 1; n <= 10; n++) {
        const [a, b] = [eager.step(tf.scalar(n)), program.runSync('step', tf.scalar(n))];
        assert.ok(Math.abs(values(a)[0]! - values(b)[0]!) < 1e-5, `loss of step ${n}`);
      }
      program.dispose();
      const difference = tf.max(tf.abs(tf.sub(eager.w, traced.w)));
      assert.ok(values(difference)[0]! < 1e-5);
      assert.ok(values(tf.max(tf.abs(tf.sub(start, traced.w))))[0]! > 0.01, 'the weights moved');
    });
  }

  it('keeps the number of tensors', () => {
    const w = tf.variable(tf.ones([3]));
    const x = tf.ones([3]);
    const before = tf.memory().numTensors;
    const program = compile({ variables: { w }, entries: { f: (y: tf.Tensor) => tf.sum(tf.mul(w, y)) } });
    for (let i = 0; i < 20; i++) program.runSync('f', x).dispose();
    tf.dispose(program.read());
    program.dispose();
    assert.equal(tf.memory().numTensors, before);
  });

  it('runs uncompiled for further shapes than maxTraces, says so once, and goes on from the same state', () => {
    const w = tf.variable(tf.scalar(0));
    const optimizer = tf.train.adam(0.1);
    const step = (x: tf.Tensor): tf.Tensor =>
      optimizer.minimize(() => tf.mean(tf.square(tf.sub(x, w))) as tf.Scalar, true, [w])!;
    const program = compile({ variables: { w }, entries: { step }, maxTraces: 2 });
    const lengths = [1, 2, 3, 1, 4, 3, 2];
    let losses: number[] = [];
    const warnings = warningsOf(() => {
      losses = lengths.map((n) => values(program.runSync('step', tf.ones([n])))[0]!);
    });
    program.dispose();
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0]!,
      /'step' .* 2 sets of input shapes \(maxTraces\).* uncompiled for step\(float32\[3\]\)/,
    );
    const [v, eager] = [tf.variable(tf.scalar(0)), tf.train.adam(0.1)];
    lengths.forEach((n, i) => {
      const loss = eager.minimize(() => tf.mean(tf.square(tf.sub(tf.ones([n]), v))) as tf.Scalar, true, [v])!;
      // Losses are below 1: some roundings of float32.
      assert.ok(Math.abs(values(loss)[0]! - losses[i]!) < 1e-6, `step ${i}`);
    });
  });

  it('traces again for each set of variables that are trained', () => {
    const [a, b] = [tf.variable(tf.scalar(0)), tf.variable(tf.scalar(0))];
    const optimizer = tf.train.sgd(1);
    const step = (): tf.Tensor => optimizer.minimize(() => tf.neg(tf.add(a, b)) as tf.Scalar, true)!;
    const program = compile({ variables: { a, b }, entries: { step } });
    program.runSync('step');
    a.trainable = false;
    program.runSync('step');
    a.trainable = true;
    for (let i = 0; i < 5; i++) program.runSync('step'); // the audits of both
    assert.deepEqual([...values(a), ...values(b)], [6, 7]);
    program.dispose();
  });

  it('says what it is about when tracing takes long', () => {
    const turns =
      (count: number) =>
      (x: tf.Tensor): tf.Tensor => {
        for (let i = 0; i < count; i++) x = tf.neg(x);
        return x;
      };
    const program = compile({ variables: {}, entries: { short: turns(100), long: turns(LONG_TRACE) } });
    assert.deepEqual(
      warningsOf(() => program.prepare('short', tf.scalar(0))),
      [],
    );
    const warnings = warningsOf(() => program.prepare('long', tf.scalar(0)));
    assert.equal(warnings.length, 1);
    assert.match(warnings[0]!, /^Compiling 'long': 5,\d\d\d operations so far/);
    program.dispose();
  });

  it("says how to name a model's weights", () => {
    const model = tf.sequential({ layers: [tf.layers.dense({ units: 2, inputShape: [3] })] });
    const entries = { f: (x: tf.Tensor) => model.predict(x) as tf.Tensor };
    assert.throws(
      () => compile({ variables: model.weights as never, entries }),
      /must be an object.*Object\.fromEntries\(model\.weights\.map/,
    );
    const weights = Object.fromEntries(model.weights.map((weight) => [weight.name, weight]));
    assert.throws(
      () => compile({ variables: weights as never, entries }),
      /give the `read\(\)` of this weight/,
    );
    const variables = Object.fromEntries(
      model.weights.map((weight) => [weight.name, weight.read() as tf.Variable]),
    );
    const program = compile({ variables, entries });
    assert.deepEqual(program.runSync('f', tf.ones([4, 3])).shape, [4, 2]);
    program.dispose();
  });

  const w = (): tf.Variable => tf.variable(tf.scalar(1));
  const refused: { what: string; entry: (x: tf.Tensor) => tf.Tensor; message: RegExp }[] = [
    {
      what: 'a data read',
      entry: (x) => {
        x.dataSync();
        return x;
      },
      message: /reads a tensor's data/,
    },
    {
      what: 'an array read',
      entry: (x) => tf.add(x, (x.arraySync() as number) + 1),
      message: /reads a tensor's data/,
    },
    {
      what: 'a print',
      entry: (x) => {
        tf.add(x, 1).print();
        return x;
      },
      message: /reads a tensor's data \(dataSync, data, array or print\)/,
    },
    {
      what: 'a read in a promise',
      entry: (x) => {
        void x.data().then((values) => assert.fail(`read ${values}`));
        return tf.add(x, 1);
      },
      message: /reads a tensor's data/,
    },
    {
      what: 'an operation on a disposed tensor',
      entry: (x) => {
        const y = tf.add(x, 1);
        y.dispose();
        return tf.mul(y, 2);
      },
      message: /'f' uses a tensor that is disposed/,
    },
    { what: 'a new variable', entry: (x) => tf.clone(tf.variable(x)), message: /creates a variable/ },
    {
      what: 'an unknown variable',
      entry: (x) => tf.add(x, w()),
      message: /creates a variable|not one of the program's/,
    },
    { what: 'a number', entry: (() => 3) as unknown as (x: tf.Tensor) => tf.Tensor, message: /is number/ },
    {
      what: 'a promise',
      entry: (async (x: tf.Tensor) => x) as unknown as (x: tf.Tensor) => tf.Tensor,
      message: /synchronous/,
    },
    {
      what: 'a disposed output',
      entry: (x) => {
        const y = tf.add(x, 1);
        y.dispose();
        return y;
      },
      message: /disposes its result/,
    },
  ];
  for (const { what, entry, message } of refused) {
    it(`refuses ${what}, and the backend works as before`, () => {
      const program = compile({ variables: {}, entries: { f: entry } });
      assert.throws(() => program.runSync('f', tf.scalar(1)), message);
      assert.deepEqual(values(tf.add(tf.scalar(1), 1)), [2]);
    });
  }

  it('keeps what an output needs although the entry disposes it', () => {
    const entry = (x: tf.Tensor): tf.Tensor => {
      const y = tf.add(x, 1);
      const z = tf.mul(y, y);
      y.dispose();
      const same = z.clone();
      z.dispose();
      return same;
    };
    const program = compile({ variables: {}, entries: { entry }, check: true });
    assert.deepEqual(
      [2, 3].map((x) => values(program.runSync('entry', tf.scalar(x)))[0]),
      [9, 16],
    );
    program.dispose();
  });

  it('traces again for another type, and runs as a promise', async () => {
    const program = compile({
      variables: {},
      entries: { halve: (x: tf.Tensor) => tf.div(x, 2) },
      check: true,
    });
    assert.deepEqual(values(await program.run('halve', tf.scalar(3))), [1.5]);
    assert.deepEqual(values(await program.run('halve', tf.scalar(4, 'int32'))), [2]);
    await assert.rejects(program.run('halve', 3 as unknown as tf.Tensor), /must be a tensor, got number/);
    program.dispose();
  });

  it('gathers rows by computed indices, and TensorFlow refuses those outside, or gives zeros on a GPU', () => {
    const entry = (x: tf.Tensor2D, i: tf.Tensor1D): tf.Tensor =>
      tf.gather(x, tf.add(i, tf.scalar(1, 'int32')) as tf.Tensor1D);
    const program = compile({ variables: {}, entries: { entry }, check: true });
    const table = tf.tensor2d([[1], [2], [3]]);
    assert.deepEqual(values(program.runSync('entry', table, tf.tensor1d([1, 0], 'int32'))), [3, 2]);
    program.dispose();
    const unchecked = compile({ variables: {}, entries: { entry } });
    const outside = (): tf.Tensor => unchecked.runSync('entry', table, tf.tensor1d([1, 7], 'int32'));
    if (tensorflowBackend().isUsingGpuDevice) assert.deepEqual(values(outside()), [3, 0]);
    else assert.throws(outside, /7|8 is not in/);
    unchecked.dispose();
  });

  it("refuses a captured variable that is not the program's", () => {
    const outside = w();
    const program = compile({ variables: {}, entries: { f: (x: tf.Tensor) => tf.add(x, outside) } });
    assert.throws(() => program.runSync('f', tf.scalar(1)), /uses variable .* frozen/);
    const update = compile({
      variables: {},
      entries: {
        f: (x: tf.Tensor) => {
          updateVariables('AssignVariableOp', [], [{ variable: outside }, x], () => {});
          return x;
        },
      },
    });
    assert.throws(() => update.runSync('f', tf.scalar(1)), /add it to the program's variables/);
  });

  it('refuses to assign or dispose a variable that is not its own, and leaves it alone', () => {
    const [outside, listed] = [w(), w()];
    const entries = {
      assign: (x: tf.Tensor) => {
        outside.assign(tf.mul(x, 5));
        return x;
      },
      dispose: (x: tf.Tensor) => {
        listed.dispose();
        return x;
      },
    };
    const program = compile({ variables: { listed }, entries });
    assert.throws(() => program.runSync('assign', tf.scalar(1)), /assigns variable .* add it to `variables`/);
    assert.throws(() => program.runSync('dispose', tf.scalar(1)), /disposes variable .* after the program/);
    program.dispose();
    assert.deepEqual([outside, listed].flatMap(values), [1, 1]);
  });

  it('refuses disposed inputs and entries that are not functions', () => {
    const f = (x: tf.Tensor): tf.Tensor => tf.square(x);
    const program = compile({ variables: {}, entries: { f, g: 3 as unknown as typeof f } });
    const gone = tf.ones([2]);
    gone.dispose();
    assert.throws(() => program.runSync('f', gone), /input 0 of 'f', float32\[2\], is disposed/);
    assert.throws(() => program.runSync('g', tf.scalar(1)), /'g' must be a function of tensors, got number/);
    program.dispose();
  });

  it('names unknown variables and wrong shapes on load', () => {
    const program = compile({ variables: { v: w() }, entries: { f: (x: tf.Tensor) => x } });
    // @ts-expect-error: no such variable
    assert.throws(() => program.load({ u: tf.scalar(1) }), /no variable 'u'.*it has v/);
    assert.throws(() => program.load({ v: tf.ones([2]) }), /float32\[\], the value given float32\[2\]/);
    program.load({ v: tf.scalar(7) });
    assert.deepEqual(values(program.read()['v']!), [7]);
  });
});
