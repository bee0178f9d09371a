// `just clicks`: README.md's purchase in a real browser, by clicks alone, on a phone and on a desk; then every page for people. Pictures of
// all of it are in target/clicks/*.png, to be looked at. Fails where something is asked for elsewhere, the console complains, or a page is
// wider than its window.
import { spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";

const folder = `${process.cwd()}/target/clicks`;
const { chromium } = createRequire(`${folder}/`)("playwright-core");
const complaints = [];

const port = await new Promise((free) => {
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const { port } = probe.address();
    probe.close(() => free(port));
  });
});
const base = `http://localhost:${port}`;
rmSync(`${folder}/data`, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const server = spawn("target/debug/cheapbob-http", {
  env: { PATH: process.env.PATH, PORT: String(port), CHEAPBOB_DATA_DIR: `${folder}/data` },
  stdio: ["ignore", "ignore", "inherit"],
});

async function served() {
  for (let i = 0; i < 600; i++) {
    if (server.exitCode !== null) throw new Error("the server ended");
    if (await fetch(`${base}/health`).then((answer) => answer.ok, () => false)) return;
    await new Promise((later) => setTimeout(later, 200));
  }
  throw new Error("the server does not answer");
}

/** The five steps of the purchase. */
async function purchase(page, picture) {
  const [customer, seller] = ["Customer", "Seller"].map((name) => page.getByRole("region", { name }));
  await page.goto(base);
  await customer.getByRole("button", { name: "Buy 2" }).first().waitFor();
  await picture("1-choose");
  await customer.getByRole("button", { name: "Buy 2" }).first().click();
  const frame = page.frameLocator("dialog iframe");
  await frame.getByRole("button", { name: "Pay" }).waitFor();
  await picture("2-pay", false);
  await frame.getByRole("button", { name: "Pay", exact: true }).click();
  await customer.getByText("waits for the store").waitFor();
  await seller.getByRole("button", { name: "Accept" }).click();
  await seller.getByRole("button", { name: "Show the QR code" }).click();
  await page.waitForFunction(() => document.querySelector("img.code")?.naturalWidth > 0);
  await picture("3-code");
  await customer.getByRole("button", { name: "Scan the code: collect" }).click();
  await page.locator("li[aria-current]", { hasText: "Done" }).waitFor();
  const mails = page.getByRole("region", { name: "Mails" });
  await mails.getByText("매장이 주문을 확인했습니다").first().click();
  await page.frameLocator("details[open] iframe").getByText("주문 번호").waitFor();
  await picture("4-collected");
  // A payment window that is closed, and a store that has to be opened by the clock.
  await customer.getByRole("button", { name: "Buy 1" }).last().click();
  await page.getByRole("button", { name: "Close the window" }).click();
  await customer.getByRole("button", { name: "Let it go" }).click();
  await customer.getByRole("button", { name: "Let it go" }).waitFor({ state: "detached" });
}

/** A held product for the checkout page, and every page. */
async function pages(page, picture) {
  await page.goto(base);
  await page.getByRole("button", { name: "Buy 1" }).first().click();
  await page.getByRole("button", { name: "Close the window" }).click();
  for (const path of ["/sandbox/", "/sandbox/portone/checkout", "/sandbox/portone/payments", "/sandbox/faults", "/sandbox/clock", "/sandbox/jobs",
    "/sandbox/mail", "/nope", "/auth/success", "/auth/fail?code=email_missing"]) {
    await page.goto(base + path);
    await picture(path.split("?")[0].replaceAll("/", "-").replace(/^-|-$/g, ""));
  }
  await page.getByRole("link").first().click();
  await page.getByRole("link", { name: "Log in as a seller" }).click();
  await page.getByRole("button", { name: "Log in" }).waitFor();
  await picture("login");
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByText("Logged in as").waitFor();
  await page.goto(`${base}/sandbox/portone/checkout`);
  await page.getByRole("button", { name: "Pay", exact: true }).first().click();
  await page.getByRole("heading", { name: "Paid" }).waitFor();
  await page.goto(base);
  await page.getByRole("button", { name: "Cancel the order" }).click();
  await page.getByText("canceled").first().waitFor();
  await page.goto(`${base}/sandbox/faults`);
  await page.getByLabel("When").selectOption("cancel");
  await page.getByRole("button", { name: "Let it go wrong" }).click();
  await page.getByRole("button", { name: "Nothing goes wrong any more" }).click();
  await page.goto(`${base}/sandbox/jobs`);
  await page.locator("#prune_inbox").getByRole("button").click();
  await page.goto(`${base}/sandbox/clock`);
  await page.getByRole("button", { name: "+1 hour" }).click();
  await page.getByRole("button", { name: "to the real time" }).click();
  await page.goto(`${base}/docs/`);
  await page.locator(".opblock-tag").last().waitFor();
  await picture("docs", false);
  const init = page.locator(".opblock-post", { has: page.locator('[data-path="/api/v1/customer/payment/init"]') });
  await init.locator(".opblock-summary-control").click();
  await init.locator(".example").first().waitFor();
  await init.scrollIntoViewIfNeeded();
  await picture("docs-init", false);
}

/** A store that has closed for today is opened by the clock, which goes on at noon: today's, where that is to come, or the next day's. */
async function opening(page, picture) {
  const send = (method, path, token, body) => fetch(base + path, {
    method, body: body && JSON.stringify(body), headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
  });
  const { token } = await (await send("POST", "/sandbox/login", undefined, { role: "seller" })).json();
  await send("PATCH", "/api/v1/seller/store/close", token);
  await page.goto(base);
  const seller = page.getByRole("region", { name: "Seller" });
  await seller.getByText("closed", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Buy 1" }).first().click();
  await page.getByRole("alert").waitFor();
  await picture("closed");
  const [open, move] = [seller.getByText("open", { exact: true }), seller.getByRole("button", { name: "Move the clock" })];
  for (let i = 0; i < 2 && !(await open.isVisible()); i++) {
    await move.click();
    await open.or(move.and(page.locator(":enabled"))).first().waitFor();
  }
  await open.waitFor();
  await page.getByRole("button", { name: "Buy 1" }).first().click();
  await page.getByRole("button", { name: "Close the window" }).click();
}

const SCREENS = [[1280, 900], [390, 844]];
let browser;
try {
  await served();
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
  for (const [width, height] of SCREENS) {
    const context = await browser.newContext({ viewport: { width, height } });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    page.on("console", (message) => {
      // What is refused on purpose.
      const expected = /404|400/.test(message.text()) && /nope|payment.init/.test(message.location().url);
      if (["error", "warning"].includes(message.type()) && !expected) complaints.push(`${width}: ${message.text()}`);
    });
    page.on("pageerror", (error) => complaints.push(`${width}: ${error}`));
    page.on("request", (request) => {
      if (!request.url().startsWith(base) && !request.url().startsWith("data:")) complaints.push(`${width}: asks ${request.url()}`);
    });
    const picture = async (name, fullPage = true) => {
      await page.screenshot({ path: `${folder}/${width}-${name}.png`, fullPage });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) complaints.push(`${width}: ${name} is ${wide} px too wide`);
    };
    try {
      await purchase(page, picture);
      await pages(page, picture);
      if (width === SCREENS.at(-1)[0]) await opening(page, picture);
    } catch (error) {
      await picture("failed");
      throw error;
    }
    await context.close();
  }
} finally {
  await browser?.close();
  server.kill("SIGINT");
}
for (const complaint of complaints) console.error(complaint);
if (complaints.length > 0) process.exit(1);
console.log(`bought and collected by clicks; look at ${folder}/*.png`);
