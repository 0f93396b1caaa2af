// Jupyter's messages, where tslab leaves some out or gets them wrong.
'use strict';

/** The server that Jupyter talks to; `init()` starts it. */
function createServer({ jupyter }, executor, configPath) {
  class Handler extends jupyter.JupyterHandlerImpl {
    constructor(...args) {
      super(...args);
      // After a failed cell tslab skips all that arrive within 200 ms, also for those who ask to go on.
      const reset = this.execQueue.reset.bind(this.execQueue);
      this.execQueue.reset = (delay) => reset(this.stopOnError ? delay : undefined);
    }

    handleExecuteImpl(request, ...rest) {
      this.stopOnError = request.stop_on_error ?? true;
      return super.handleExecuteImpl(request, ...rest);
    }

    async handleExecute(...args) {
      const reply = await super.handleExecute(...args);
      // The protocol's word for a cell that was skipped because an earlier one failed.
      if (reply.status === 'abort') return { ...reply, status: 'aborted' };
      return reply.status === 'error' ? { ...reply, ...executor.failure() } : reply;
    }
  }

  class Server extends jupyter.ZmqServer {
    /** Publishes the `error` message that tslab leaves out, between the outputs and the reply. */
    handleExecute(socket, message) {
      const publish = (type, content) => {
        const published = message.createReply();
        published.header.msg_type = type;
        published.content = content;
        published.signAndSend(this.connInfo.key, this.iopub);
      };
      const handleExecute = async (...args) => {
        const reply = await this.handler.handleExecute(...args);
        const { status, ename, evalue, traceback } = reply;
        if (status === 'error') publish('error', { ename, evalue, traceback });
        return reply;
      };
      const reporting = Object.create(this, { handler: { value: { handleExecute } } });
      return jupyter.ZmqServer.prototype.handleExecute.call(reporting, socket, message);
    }

    /** tslab answers with the type of another reply. */
    handleCommInfoRequest(socket, message) {
      const reply = message.createReply();
      reply.header.msg_type = 'comm_info_reply';
      reply.content = { status: 'ok', comms: {} };
      reply.signAndSend(this.connInfo.key, socket);
    }
  }

  return new Server(new Handler(executor, false), configPath);
}

module.exports = { createServer };
