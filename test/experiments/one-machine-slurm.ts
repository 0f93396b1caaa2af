/** A Slurm cluster of this machine alone, with its own daemons and files in one folder. Needs slurm-wlm and munge. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { hostname, userInfo } from 'node:os';
import { join } from 'node:path';

export interface Slurm {
  /** For sbatch, squeue, scontrol and scancel. */
  readonly environment: NodeJS.ProcessEnv;
  /** Runs one of Slurm's commands and gives what it prints. */
  ask(command: string, ...words: string[]): string;
  stop(): void;
}

/** Why there can be no cluster here; undefined where there can. */
export function slurmMissing(): string | undefined {
  if (userInfo().uid !== 0) return 'Slurm daemons of a test need root';
  const missing = ['munged', 'slurmctld', 'slurmd', 'sbatch'].filter(
    (name) => spawnSync('sh', ['-c', `PATH=$PATH:/usr/sbin command -v ${name}`]).status !== 0,
  );
  if (missing.length === 0) return undefined;
  return `no ${missing.join(', ')}: apt-get install slurm-wlm munge`;
}

export async function startSlurm(folder: string): Promise<Slurm> {
  const [controller, node] = await freePorts();
  const place = (name: string): string => join(folder, name);
  for (const name of ['state', 'spool']) mkdirSync(place(name), { recursive: true });
  chmodSync(folder, 0o755);
  const [host, user] = [hostname(), userInfo().username];
  writeFileSync(place('munge.key'), randomBytes(128), { mode: 0o400 });
  writeFileSync(
    place('slurm.conf'),
    `ClusterName=test
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=${controller}
SlurmdPort=${node}
SlurmUser=${user}
SlurmdUser=${user}
AuthType=auth/munge
AuthInfo=socket=${place('munge.socket')}
CredType=cred/munge
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1,batch_sched_delay=0
MpiDefault=none
KillWait=2
ReturnToService=2
StateSaveLocation=${place('state')}
SlurmdSpoolDir=${place('spool')}
SlurmctldPidFile=${place('slurmctld.pid')}
SlurmdPidFile=${place('slurmd.pid')}
NodeName=${host} NodeAddr=127.0.0.1 CPUs=2
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`,
  );
  const environment = {
    ...process.env,
    SLURM_CONF: place('slurm.conf'),
    PATH: `${process.env['PATH']}:/usr/sbin`,
  };
  const daemon = (command: string, ...words: string[]) =>
    spawn(command, words, { env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
  const files = ['socket', 'pid-file', 'log-file', 'seed-file'].map(
    (name) => `--${name}=${place(`munge.${name.split('-')[0]}`)}`,
  );
  const munged = daemon('munged', '--foreground', '--force', `--key-file=${place('munge.key')}`, ...files);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const others = [daemon('slurmctld', '-D', '-c'), daemon('slurmd', '-D')];
  const stop = (): void => {
    for (const child of [...others, munged]) child.kill('SIGKILL');
  };
  const said: string[] = [];
  for (const child of [munged, ...others]) child.stderr!.on('data', (chunk) => said.push(String(chunk)));
  const ask = (command: string, ...words: string[]): string =>
    execFileSync(command, words, { env: environment, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  for (let attempt = 0; attempt < 40; attempt++) {
    await new Promise((resolve) => setTimeout(resolve, 500));
    try {
      if (ask('sinfo', '--noheader', '--format=%t').trim() === 'idle') return { environment, ask, stop };
    } catch {
      // The controller is not up yet.
    }
  }
  stop();
  throw new Error(`Slurm did not start: ${said.join('').slice(-2000)}`);
}

/** Two ports of this machine that nobody listens at. */
async function freePorts(): Promise<[number, number]> {
  const listening = await Promise.all(
    [0, 1].map(async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  const ports = listening.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(listening.map((server) => once(server.close(), 'close')));
  return ports as [number, number];
}
