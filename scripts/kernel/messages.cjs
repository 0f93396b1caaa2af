// Jupyter's messages that tslab leaves out or gets wrong.
'use strict';

const { sourcesOfCells } = require('./cells.cjs');
const { completeAt } = require('./completions.cjs');
const { listenForControl } = require('./control.cjs');
const { helpBundle, inspectAt } = require('./help.cjs');
const { turn } = require('./interrupts.cjs');
const { createRunningCell } = require('./running-cell.cjs');

/** The server that Jupyter talks to; `init()` starts it. */
function createServer({ jupyter }, executor, interrupts, configPath) {
  class Handler extends jupyter.JupyterHandlerImpl {
    constructor(...args) {
      super(...args);
      // After a failed cell, tslab skips all cells that arrive within 200 ms, even if the client asked to go on.
      const reset = this.execQueue.reset.bind(this.execQueue);
      this.execQueue.reset = (delay) => reset(this.stopOnError ? delay : undefined);
    }

    /** Called when a cell in the queue gets its turn. */
    async handleExecuteImpl(request, ...rest) {
      // The previous cell must send its reply and its `idle` first.
      await turn();
      request.begins();
      this.stopOnError = request.stop_on_error ?? true;
      return super.handleExecuteImpl(request, ...rest);
    }

    async handleExecute(...args) {
      const reply = await super.handleExecute(...args);
      // 'aborted' is the protocol's status for a cell that was skipped because an earlier one failed.
      if (reply.status === 'abort') return { ...reply, status: 'aborted' };
      return reply.status === 'error' ? { ...reply, ...executor.failure() } : reply;
    }

    handleComplete({ code, cursor_pos }) {
      const { start, end, candidates } = interrupts.unending(() => completeAt(executor, code, cursor_pos));
      return { cursor_start: start, cursor_end: end, matches: candidates, metadata: {}, status: 'ok' };
    }

    handleInspect({ code, cursor_pos }) {
      const info = interrupts.unending(() => inspectAt(executor, code, cursor_pos));
      return { status: 'ok', found: info !== undefined, data: info ? helpBundle(info) : {}, metadata: {} };
    }
  }

  class Server extends jupyter.ZmqServer {
    /** The cell that is running. */
    running = undefined;

    async bindSocket(socket, port) {
      if (socket !== this.control) return super.bindSocket(socket, port);
      const { transport, ip, key } = this.connInfo;
      const handle = (answering, frames) => this.handleShellMessage(answering, ...frames);
      const close = () => this.close();
      return listenForControl({ address: `${transport}://${ip}:${port}`, key, interrupts, handle, close });
    }

    /**
     * tslab reports a cell as busy when it arrives, so that the first one that ends makes the kernel idle for all that wait. Here, a
     * cell is busy from its own turn on, and requests that are answered while it runs, such as completions, leave it busy.
     */
    publishStatus(status, message) {
      if (status === 'busy' && message.header.msg_type === 'execute_request') return;
      super.publishStatus(status, message);
      if (status === 'idle' && this.running) super.publishStatus('busy', this.running.message);
    }

    /** Every client sends this request first, so the time until its first cell arrives is free for warming up. */
    handleKernelInfo(socket, message) {
      super.handleKernelInfo(socket, message);
      this.messageType = message.constructor;
      if (!this.isWarm)
        setTimeout(() => {
          super.publishStatus('busy', message);
          executor.warmUp();
          this.publishStatus('idle', message);
        }, 0);
      this.isWarm = true;
    }

    /** Publishes the `error` message that tslab leaves out, between the outputs and the reply. */
    async handleExecute(socket, message) {
      const handleExecute = async (request, writeStream, writeDisplayData) => {
        const reply = await this.executeOrFollow(message, request, writeStream, writeDisplayData);
        const { status, ename, evalue, traceback } = reply;
        if (status === 'error') this.publish('error', { ename, evalue, traceback }, message);
        return reply;
      };
      const reporting = Object.create(this, { handler: { value: { handleExecute } } });
      await jupyter.ZmqServer.prototype.handleExecute.call(reporting, socket, message);
    }

    async executeOrFollow(message, request, writeStream, writeDisplayData) {
      const { running } = this;
      if (running?.isAskedBy(message)) {
        super.publishStatus('busy', message);
        return running.follow(writeStream, writeDisplayData);
      }
      const cell = createRunningCell(message);
      const begins = () => {
        this.running = cell;
        super.publishStatus('busy', message);
      };
      const output = cell.recording(writeStream, writeDisplayData);
      const reply = await this.handler.handleExecute(
        { ...request, begins },
        output.writeStream,
        output.writeDisplayData,
      );
      if (this.running === cell) this.running = undefined;
      // A skipped cell had no turn.
      else super.publishStatus('busy', message);
      cell.end(reply);
      return reply;
    }

    /** What still runs, or waits in code that was ended where it stood, does not keep the process. */
    close() {
      super.close();
      setTimeout(process.exit, 1000, 0).unref();
    }

    publish(type, content, message) {
      const published = message.createReply();
      published.header.msg_type = type;
      published.content = content;
      published.signAndSend(this.connInfo.key, this.iopub);
    }

    /** tslab does not know the request for the history, which JupyterLab sends first, and says so in the terminal. */
    async handleShellMessage(socket, ...frames) {
      const Message = this.messageType;
      const message = Message?.fromRaw(this.connInfo.key, frames);
      if (message?.header.msg_type !== 'history_request') return super.handleShellMessage(socket, ...frames);
      this.publishStatus('busy', message);
      this.reply(socket, message, 'history_reply', { history: historyOf(message.content) });
      this.publishStatus('idle', message);
    }

    /** tslab answers with the type of another reply. */
    handleCommInfoRequest(socket, message) {
      this.reply(socket, message, 'comm_info_reply', { comms: {} });
    }

    reply(socket, message, type, content) {
      const reply = message.createReply();
      reply.header.msg_type = type;
      reply.content = { status: 'ok', ...content };
      reply.signAndSend(this.connInfo.key, socket);
    }
  }

  return new Server(new Handler(executor, false), configPath);
}

/** The last `n` executed cells; other requests search earlier sessions, of which the kernel keeps nothing. */
function historyOf({ hist_access_type, n }) {
  return hist_access_type === 'tail' ? sourcesOfCells().slice(-n) : [];
}

module.exports = { createServer };
