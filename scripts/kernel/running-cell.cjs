// A cell while it runs: what it has shown so far, for a page that was opened again and asks for the same cell.
'use strict';

/** A page that comes later sees this much of what was printed, in characters. */
const MOST_TEXT = 100_000;

/** Follows one execution from its beginning; `begin` and `end` are called by the server. */
function createRunningCell(message) {
  const followers = [];
  /** In order; an output with an id stands where it was shown first, and holds what it shows now. */
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
    /** Passes on what the cell prints and shows, and keeps it. */
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
    /** Whether another page asks for this cell: the page that runs it would have it run twice. */
    isAskedBy({ header, content }) {
      return header.session !== message.header.session && content.code === message.content.code;
    },
    /** Shows a page what it has missed, and then all that comes; resolves with the reply to the execution. */
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
