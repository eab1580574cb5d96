// What a buyer sees and does on the payment pages of the local stack. See .ci/browser.
const assert = require("node:assert/strict");
const { spawn } = require("node:child_process");
const { createServer } = require("node:http");
const { createInterface } = require("node:readline");
const { chromium } = require("playwright-core");
const { scenes } = require("./console.cjs");
const { checks } = require("./evidence.cjs");

const { CHROMIUM, QUITTANCE, PICTURES } = process.env;

// The least height of what a finger has to meet, in CSS pixels.
const FINGER = 44;

const VIEWS = [
  { name: "phone", viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true },
  { name: "desk", viewport: { width: 1280, height: 900 } },
  { name: "plain", viewport: { width: 390, height: 844 }, javaScriptEnabled: false },
];

const ACCOUNTS = { worldline: "worldline/DemoMerchant/test", systempay: "systempay/12345678/test" };

// Starts a stack on a free port. Its address, and how it is ended.
async function stack() {
  const child = spawn(QUITTANCE, ["--port", "0", "--no-play"], { stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: child.stdout })) {
    const address = /^listening on (.*)$/.exec(line);
    if (address) return { url: address[1], end: () => child.kill() };
  }
  throw new Error("the local stack does not start");
}

// A shop that says only how the browser came back.
async function shop() {
  const server = createServer((request, response) => {
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(`<!doctype html><title>Shop</title><h1>Shop</h1><p>${request.method}`);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return { url: `http://127.0.0.1:${server.address().port}/back`, end: () => server.close() };
}

async function json(url, body) {
  const init = body && { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  const reply = await fetch(url, init);
  const text = await reply.text();
  assert.ok(reply.ok, `${url}: ${reply.status} ${text}`);
  return JSON.parse(text);
}

const escaped = (text) => text.replace(/&/g, "&amp;").replace(/"/g, "&quot;").replace(/</g, "&lt;");

// Starts a payment and brings the browser to its page, as the shop does: by an address or by a form.
async function open(page, { at, back, key, amount = 14000 }) {
  const wish = { order: key, amount, currency: "EUR", method: "CVCO", return_url: back };
  const { checkout } = await json(`${at}/checkouts`, wish);
  if (checkout.redirect_url) {
    await page.goto(checkout.redirect_url);
  } else {
    const field = ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`;
    const fields = Object.entries(checkout.form.fields).map(field).join("");
    await page.setContent(`<form method="post" action="${escaped(checkout.form.action)}">${fields}<button>Pay</button></form>`);
    await page.getByRole("button", { name: "Pay" }).click();
  }
  await page.getByRole("heading", { name: `Order ${key.split("/").pop()}` }).waitFor();
}

// Nothing is cut off, and all can be met with a finger.
async function fits(page, view) {
  const size = { width: view.viewport.width };
  for (const button of await page.getByRole("button").all()) {
    const box = await button.boundingBox();
    assert.ok(box.x >= 0 && box.x + box.width <= size.width, `${view.name}: a button leaves the page`);
    assert.ok(box.height >= FINGER, `${view.name}: a button of ${box.height} pixels`);
  }
  if (view.javaScriptEnabled === false) return;
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(wide <= size.width, `${view.name}: ${wide} pixels wide`);
}

let pictures = 0;
async function picture(page, name) {
  if (!PICTURES) return;
  pictures += 1;
  await page.screenshot({ path: `${PICTURES}/${String(pictures).padStart(2, "0")}-${name}.png`, fullPage: true });
}

const press = (page, name) => page.getByRole("button", { name }).click();

// By what way the browser comes back is the shop's wish: at once, or by one more button.
async function returns(page, back) {
  if (!page.url().startsWith(back)) await press(page, "Back to the shop");
  await page.getByRole("heading", { name: "Shop" }).waitFor();
  return new URL(page.url()).searchParams;
}

// Vouchers, a refused card, a second one.
async function paysInParts(page, view, scene) {
  await open(page, scene);
  const { name } = view;
  const slider = page.getByLabel("Pay by Chèque-Vacances Connect");
  const told = page.locator("output");
  assert.equal(await told.textContent(), "70.00 EUR");
  await fits(page, view);
  await picture(page, `${name}-open`);
  let [paid, rest] = ["70.00 EUR", "70.00 EUR"];
  if (view.javaScriptEnabled !== false) {
    await slider.press("End");
    assert.equal(await told.textContent(), "140.00 EUR");
    await slider.press("Home");
    assert.equal(await told.textContent(), "1.00 EUR");
    for (let euros = 1; euros < 60; euros += 1) await slider.press("ArrowRight");
    [paid, rest] = ["60.00 EUR", "80.00 EUR"];
    assert.equal(await told.textContent(), paid);
  }
  await press(page, "Pay by voucher");
  await page.getByText(`${paid} are paid already.`).waitFor();
  await page.getByText(`Pay ${rest} by card.`).waitFor();
  assert.equal(await slider.count(), 0, "vouchers are paid once");
  await fits(page, view);
  await picture(page, `${name}-rest`);
  await press(page, "Card refused");
  await page.getByText(`Pay ${rest} by card.`).waitFor();
  await press(page, "Card accepted");
  const query = await returns(page, scene.back);
  assert.equal(query.get("order"), scene.key.split("/").pop());
  return query.get("state");
}

async function leaves(page, view, scene) {
  await open(page, scene);
  await press(page, "Leave without paying");
  await returns(page, scene.back);
}

// The address of a page that has ended is still there, and offers nothing but the way back.
async function comesTooLate(page, view, scene) {
  await open(page, scene);
  const address = page.url();
  await press(page, "Leave without paying");
  await returns(page, scene.back);
  await page.goto(address);
  await page.getByText("That is all here.").waitFor();
  assert.equal(await page.getByRole("button", { name: /pay|card/i }).count(), 0);
  await fits(page, view);
  await picture(page, `${view.name}-over`);
}

async function main() {
  const [local, seller] = await Promise.all([stack(), shop()]);
  // The sandbox is the kernel's affair, which containers do not let it have; all pages are ours.
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox", "--disable-gpu", "--disable-quic"] });
  let [played, looked, checked] = [0, 0, 0];
  try {
    for (const view of VIEWS) {
      const { name, ...options } = view;
      const context = await browser.newContext(options);
      const page = await context.newPage();
      const broken = [];
      page.on("pageerror", (error) => broken.push(error));
      for (const [provider, account] of Object.entries(ACCOUNTS)) {
        const scene = (what) => ({ at: local.url, back: seller.url, key: `${account}/${name}-${what}` });
        const paid = scene("paid");
        // A card at Lyra is taken in the night.
        const [before, after] = provider === "worldline" ? ["captured", "captured"] : ["partially_captured", "captured"];
        assert.equal(await paysInParts(page, view, paid), before, `${provider} ${name}`);
        await json(`${local.url}/local/psp/batch`, {});
        assert.equal((await json(`${local.url}/asks`, { order: paid.key })).state, after, `${provider} ${name}`);
        await leaves(page, view, scene("left"));
        await comesTooLate(page, view, scene("late"));
        played += 3;
      }
      assert.deepEqual(broken, []);
      await context.close();
    }
    looked = await scenes({ at: local.url, back: seller.url, browser, json, picture });
    if (process.env.EVIDENCE) checked = await checks({ at: local.url, browser, json, picture });
  } finally {
    await browser.close();
    local.end();
    seller.end();
  }
  console.log(`${played} payments clicked through, on ${VIEWS.map((view) => view.name).join(", ")}; ${looked} scenes at the console, ${checked} with evidence`);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
