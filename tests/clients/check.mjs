// What the scripts here share: a check that says what it has checked.
import assert from "node:assert/strict";

export { assert };
export const base = process.env.SANDBOX;

/** Runs a check and says so. The first that fails ends the script. */
export async function check(library, what, run) {
  try {
    await run();
  } catch (error) {
    console.error(`NOT OK  ${library}: ${what}`);
    throw error;
  }
  console.log(`ok      ${library}: ${what}`);
}
