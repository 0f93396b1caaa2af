/** This project's side of the training steps: a process that runs the given case. */
import { loadBackend } from '../../src/runtime/backend';
import { type Message, serve } from '../side';
import { compileTime } from './compile-time';
import { feeding } from './feeding';
import { compiledLayers, fittedLayers, type LayersCase } from './layers';
import { type ResnetCase, resnetStep } from './resnet';
import { stockTransformer } from './stock';
import { compiledTransformer, exportTransformer, type Step, type TransformerCase } from './transformer';

/** A step, synchronous or not. */
type AnyStep = () => number | Promise<number>;

const STEPS: Readonly<Record<string, (request: never) => AnyStep | Promise<AnyStep>>> = {
  transformer: (request: TransformerCase): Step => compiledTransformer(request),
  stock: (request: TransformerCase): Step => stockTransformer(request),
  resnet: (request: ResnetCase): Promise<Step> => resnetStep(request),
  fit: (request: LayersCase): AnyStep => fittedLayers(request),
  feeding: (request: { batch: number }): Step => feeding(request),
  layers: (request: LayersCase): Step => compiledLayers(request),
};
let step: AnyStep | undefined;

void serve({
  export: async (request) => {
    await loadBackend();
    exportTransformer(request as unknown as TransformerCase);
    return {};
  },
  compile: async () => {
    await loadBackend();
    return { ms: compileTime() };
  },
  setup: async (request): Promise<Message> => {
    const { version } = await loadBackend();
    step = await STEPS[String(request['network'])]!(request as never);
    return { version };
  },
  run: async ({ steps }) => {
    const ms: number[] = [];
    const losses: number[] = [];
    for (let i = 0; i < Number(steps); i++) {
      const start = performance.now();
      losses.push(await step!());
      ms.push(performance.now() - start);
    }
    return { ms, losses };
  },
});
