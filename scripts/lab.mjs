/** `npm run lab`: builds, watches the source, and starts JupyterLab with the project's kernel, for this machine only. */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, watch } from 'node:fs';
import { join } from 'node:path';
import { run } from './lib/program.mjs';
import { checkWords } from './lib/words.mjs';
import { jupyterEnvironment } from './notebooks.mjs';
import { PYTHON, ROOT, runMain, setUp, TSC } from './setup.mjs';

/** The colours of figures on dark themes; JupyterLab looks for this file only among its settings. */
const CUSTOM = join(ROOT, 'scripts', 'jupyter', 'custom');
const STYLE = ['--LabApp.custom_css=True'];

/** Options, unless the caller gives them, for a private server: a token, this machine only, and no news, updates or extensions from the network. */
const PRIVATE = [
  '--ip=127.0.0.1',
  '--LabApp.news_url=None',
  '--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate',
  '--LabApp.extension_manager=readonly',
];

const USAGE = `
Usage: npm run lab -- [options of JupyterLab]

Opens JupyterLab with the TypeScript kernel in the folder notebooks/. The package is compiled again whenever a file in src
changes. Options such as --port=8889 or --no-browser are passed to JupyterLab; --help-all lists all of them.`;

await runMain(async () => {
  const words = process.argv.slice(2);
  if (words.some((word) => word === '-h' || word === '--help')) await checkWords(words, USAGE);
  await setUp();
  const given = words.map((word) => /(?:notebook|root)[-_]dir=(.+)/.exec(word)?.[1]).find(Boolean);
  const notebooks = join(given ?? ROOT, 'notebooks');
  const opensElsewhere = words.some((word) => /preferred[-_]dir=/.test(word)) || !existsSync(notebooks);
  const folder = [
    ...(given ? [] : [`--notebook-dir=${ROOT}`]),
    ...(opensElsewhere ? [] : ['--FileContentsManager.preferred_dir=notebooks']),
  ];
  const root = process.getuid?.() === 0 ? ['--allow-root'] : [];
  const screen = process.platform !== 'linux' || process.env.DISPLAY || process.env.WAYLAND_DISPLAY;
  const browser = screen ? [] : ['--no-browser'];
  const watcher = rebuildOnChange();
  // Ctrl-C makes JupyterLab ask whether to end, so this process waits for it.
  process.on('SIGINT', () => {});
  let lab;
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => (lab ? lab.kill() : process.exit(1)));
  // JupyterLab refuses an option that is given twice.
  const said = new Set(words.map(nameOf));
  const own = [...PRIVATE, ...STYLE, ...folder].filter((word) => !said.has(nameOf(word)));
  const environment = jupyterEnvironment();
  cpSync(CUSTOM, join(environment.JUPYTER_CONFIG_DIR, 'custom'), { recursive: true });
  lab = spawn(PYTHON, ['-m', 'jupyterlab', ...own, ...root, ...browser, ...words], {
    cwd: ROOT,
    env: { ...process.env, ...environment },
    stdio: 'inherit',
  });
  const code = await new Promise((resolve, reject) => {
    lab.on('error', reject);
    lab.on('close', resolve);
  });
  watcher.close();
  return code ?? 0;
});

/** The name of an option without its value and its class: --ServerApp.ip=0.0.0.0 -> --ip. */
function nameOf(word) {
  return word.split('=')[0].replace(/^--ServerApp\./, '--');
}

/** Compiles again soon after each change; a kernel that has loaded the package asks for a restart. */
function rebuildOnChange() {
  let timer;
  let building = Promise.resolve();
  const build = () =>
    run(process.execPath, [TSC, '-p', ROOT], { name: 'tsc', cwd: ROOT }).then(
      () => console.error('  compiled: restart the kernels of open notebooks to use it'),
      (error) => console.error(error.message),
    );
  return watch(join(ROOT, 'src'), { recursive: true }, () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      building = building.then(build);
    }, 300);
  });
}
