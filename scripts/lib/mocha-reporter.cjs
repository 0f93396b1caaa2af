/** Mocha's spec reporter, and the counts in a file; a file of tests whose process died is named. */
const { writeFileSync } = require('node:fs');
const { relative } = require('node:path');
const { Runner, reporters } = require('mocha');

const { EVENT_RUN_END, EVENT_TEST_FAIL } = Runner.constants;

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    runner.prependListener(EVENT_TEST_FAIL, (test, { uncaught }) => {
      if (uncaught && test.file) test.title += `, of ${relative('.', test.file)}`;
    });
    runner.once(EVENT_RUN_END, () => {
      const { passes, failures } = this.stats;
      writeFileSync(options.reporterOptions.file, JSON.stringify({ passes, failures }));
    });
  }
};
