// Loaded before Azurite. Every ten minutes it looks for what no blob refers to any more, and answers nobody meanwhile: for
// many seconds where a test has written much. All of it goes with the test, so it is never looked for.
const { dirname, join } = require("node:path");

const constants = require(join(dirname(process.argv[1]), "utils/constants.js"));
if (typeof constants.DEFAULT_GC_INTERVAL_MS !== "number") {
  throw new Error("this Azurite does not say how often it collects: see lab/azurite/keep.js");
}
// The longest that a timer takes.
constants.DEFAULT_GC_INTERVAL_MS = 2 ** 31 - 1;
