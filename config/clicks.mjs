// The tour of README.md in a real browser: by clicks on a desk's screen, by keyboard on a phone's; then every page for people (`just clicks`; with
// --tour, as `./test` has it, without those). Pictures of all of it are in target/clicks/*.png, to be looked at. Fails where axe finds something,
// something is asked for elsewhere, the console complains, or a page is wider than its window.
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";

const folder = `${process.cwd()}/target/clicks`;
const { chromium } = createRequire(`${folder}/`)("playwright-core");
const axe = readFileSync(`${folder}/node_modules/axe-core/axe.min.js`, "utf8");
const complaints = [];
/** Only the tour, as `./test` has it. */
const tourAlone = process.argv.includes("--tour");
/** A window, in which nothing may go wrong unnoticed. */
let watched;

const port = await new Promise((free) => {
  const probe = createServer().listen(0, "127.0.0.1", () => {
    const { port } = probe.address();
    probe.close(() => free(port));
  });
});
const base = `http://localhost:${port}`;
rmSync(`${folder}/data`, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const server = spawn(process.env.CHEAPBOB_HTTP ?? "target/debug/cheapbob-http", {
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

/** What axe finds on a page, which is nothing. */
async function check(page, name) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run());
  for (const { id, help, nodes } of violations) complaints.push(`${name}: ${id}, ${help}: ${nodes.map((node) => node.html).slice(0, 3).join(" ")}`);
}

/** Presses Tab until this has the focus, then Enter. */
async function byKeyboard(target) {
  const page = target.page();
  await target.waitFor();
  for (let i = 0; i < 150; i++) {
    if (await target.evaluate((element) => element === element.ownerDocument.activeElement && element.ownerDocument.hasFocus())) {
      return page.keyboard.press("Enter");
    }
    await page.keyboard.press("Tab");
  }
  throw new Error(`the keyboard does not reach ${target}`);
}

const byClick = (target) => target.click();

/** The tour: a purchase in six clicks, in two windows that hear of each other. */
async function tour(press, picture) {
  const [shop, store] = [await watched(), await watched()];
  await Promise.all([shop.goto(`${base}/shop`), store.goto(`${base}/store`)]);
  await Promise.all([shop, store].map((page) => page.getByText("실시간 연결됨").waitFor()));
  const name = (await store.locator("h1").textContent()).trim();
  await shop.locator("#map a.pin").first().waitFor();
  await picture(shop, "1-shop");
  await press(shop.locator("#stores").getByRole("link", { name, exact: true }));
  await press(shop.locator("#store").getByRole("button", { name: /2개 사기$/ }).first());
  const frame = shop.frameLocator("dialog iframe");
  await frame.getByRole("button", { name: "Pay", exact: true }).waitFor();
  await picture(shop, "2-pay", false);
  await press(frame.getByRole("button", { name: "Pay", exact: true }));
  await shop.locator("#orders").getByText("매장 확인 중").first().waitFor();
  await press(store.locator("#orders").getByRole("button", { name: "주문 받기" }).first());
  await shop.locator("#orders").getByText("픽업 대기").first().waitFor();
  await press(store.locator("#orders").getByRole("button", { name: "QR 보이기" }).first());
  await store.waitForFunction(() => document.querySelector("img.code")?.naturalWidth > 0);
  await picture(store, "3-code");
  await press(shop.locator("#orders").getByRole("button", { name: "QR 스캔" }).first());
  await Promise.all([shop, store].map((page) => page.locator("#orders").getByText("픽업 완료").first().waitFor()));
  await picture(shop, "4-collected");
  // The price falls, and the customer sees it; then it is the old one again.
  await press(store.getByRole("button", { name: /마감 할인 단계$/ }).first());
  await store.getByLabel("할인 (%)").first().waitFor();
  await press(store.getByRole("button", { name: "단계 추가" }).first());
  await store.getByText(/분 전부터 \d+% 할인/).first().waitFor();
  await picture(store, "5-steps");
  await press(store.getByRole("button", { name: /할인 단계 지우기$/ }).first());
  await store.getByText(/분 전부터 \d+% 할인/).first().waitFor({ state: "detached" });
  await press(store.getByRole("button", { name: /재고 ＋1$/ }).first());
  await shop.close();
  await store.close();
}

const send = (method, path, token, body) => fetch(base + path, {
  method, body: body && JSON.stringify(body), headers: { "content-type": "application/json", ...(token && { authorization: `Bearer ${token}` }) },
}).then((answer) => (answer.status === 204 ? null : answer.json()));

/** A held product for the checkout page, and every page. */
async function pages(page, picture) {
  const [customer, seller] = await Promise.all(["customer", "seller"].map((role) => send("POST", "/sandbox/login", undefined, { role })));
  const { products } = await send("GET", "/api/v1/seller/store", seller.token);
  await send("POST", "/api/v1/customer/payment/init", customer.token, { product_id: products[0].product_id, quantity: 1 });
  await page.goto(base);
  await picture("front");
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
  await page.goto(`${base}/shop`);
  await page.getByRole("button", { name: "주문 취소" }).first().click();
  await page.getByText("취소됨").first().waitFor();
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

const SCREENS = [[1280, 800, byClick], [390, 844, byKeyboard]];
let browser;
try {
  await served();
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
  for (const [width, height, press] of SCREENS) {
    const context = await browser.newContext({ viewport: { width, height } });
    // Of a window that is one's own, and of one beside it.
    const picture = async (page, name, fullPage = true) => {
      await page.screenshot({ path: `${folder}/${width}-${name}.png`, fullPage });
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      if (wide > 0) complaints.push(`${width}: ${name} is ${wide} px too wide`);
      if (fullPage && name !== "docs") await check(page, `${width}: ${name}`);
    };
    watched = async () => {
      const page = await context.newPage();
      page.setDefaultTimeout(30_000);
      page.on("console", (message) => {
        // What is refused on purpose.
        const expected = /404/.test(message.text()) && /nope/.test(message.location().url);
        if (["error", "warning"].includes(message.type()) && !expected) complaints.push(`${width}: ${message.text()}`);
      });
      page.on("pageerror", (error) => complaints.push(`${width}: ${error}`));
      page.on("request", (request) => {
        if (!request.url().startsWith(base) && !request.url().startsWith("data:")) complaints.push(`${width}: asks ${request.url()}`);
      });
      return page;
    };
    try {
      await tour(press, picture);
      if (!tourAlone) {
        const page = await watched();
        await pages(page, (name, fullPage) => picture(page, name, fullPage));
      }
    } catch (error) {
      for (const [n, page] of context.pages().entries()) await page.screenshot({ path: `${folder}/${width}-failed-${n}.png` });
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
