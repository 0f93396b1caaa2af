// The output so far of a running cell, for a page that was opened again and asks for the same cell.
'use strict';

/** The number of printed characters that a later page sees. */
const MOST_TEXT = 100_000;

/** Follows one execution from its beginning; the server calls `begin` and `end`. */
function createRunningCell(message) {
  const followers = [];
  /** The outputs in order; an output with an id keeps its first position, and holds its latest contents. */
  const shown = [];
  let end;
  const ended = new Promise((resolve) => {
    end = resolve;
  });

  function keepText(name, text) {
    const last = shown.at(-1);
    if (last?.name === name) last.text = (last.text + text).slice(-MOST_TEXT);
    else shown.push({ name, text: text.slice(-MOST_TEXT) });
  }

  function keepData(content) {
    const id = content.transient?.display_id;
    const earlier = id === undefined ? undefined : shown.find((output) => output.id === id);
    if (earlier) earlier.content = content;
    else shown.push({ id, content });
  }

  return {
    message,
    /** Passes on and keeps everything that the cell prints and shows. */
    recording(writeStream, writeDisplayData) {
      return {
        writeStream(name, text) {
          keepText(name, text);
          writeStream(name, text);
          for (const follower of followers) follower.writeStream(name, text);
        },
        writeDisplayData(content, update) {
          keepData(content);
          writeDisplayData(content, update);
          for (const follower of followers) follower.writeDisplayData(content, update);
        },
      };
    },
    /** True if another page asks for this cell; the page that runs it would be asking to run it again. */
    isAskedBy({ header, content }) {
      return header.session !== message.header.session && content.code === message.content.code;
    },
    /** Shows a page the outputs that it has missed, and then all further ones; resolves with the reply to the execution. */
    follow(writeStream, writeDisplayData) {
      for (const { name, text, content } of shown) {
        if (content) writeDisplayData(content, false);
        else writeStream(name, text);
      }
      followers.push({ writeStream, writeDisplayData });
      return ended;
    },
    end,
  };
}

module.exports = { createRunningCell };
