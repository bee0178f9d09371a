// The store's page: orders as they come in, acceptance, QR codes, stock, and prices that fall towards the end of pickup.
import { Person, action, button, codes, el, hhmm, live, orderCard, say, show, unitPrice, won } from "./app.js";

const me = new Person("seller");
const shown = { store: undefined, orders: [], codes: new Map(), steps: new Map() };
const $ = (id) => document.getElementById(id);

async function findStore() {
  shown.store = await me.ask("GET", "/seller/store");
  $("name").textContent = shown.store.store_name;
}

async function findOrders() {
  shown.orders = (await me.ask("GET", "/seller/store/orders/today")).orders.sort((a, b) => b.reservation_at.localeCompare(a.reservation_at));
}

// --- orders

const accept = (id) => action(() => me.ask("PATCH", `/seller/store/orders/${id}/accept`));
const cancel = (id) => action(() => me.ask("DELETE", `/seller/store/orders/${id}/cancel`));

const showCode = (id) => action(async () => {
  const code = await me.ask("GET", `/seller/store/orders/${id}/qr`);
  shown.codes.set(id, code.qr_data);
  codes.show(id, code.qr_data);
  // A code is good for thirty seconds.
  setTimeout(() => { if (shown.codes.get(id) === code.qr_data) hideCode(id); }, 30_000);
}, showOrders);

function hideCode(id) {
  shown.codes.delete(id);
  codes.hide(id);
  showOrders();
}

function showOrders() {
  const id = (order) => order.payment_id;
  show($("orders"), el("h2", null, "들어온 주문"),
    shown.orders.length === 0 && el("p", null, "오늘 주문이 없습니다. 손님이 사면 바로 여기에 보입니다."),
    shown.orders.map((order) => {
      const code = shown.codes.get(id(order));
      return orderCard(order,
        el("p", null, el("small", null, `${order.customer_nickname} 님`)),
        code && el("img", { class: "code", alt: "픽업 QR 코드", src: `/sandbox/qr.svg?text=${encodeURIComponent(code)}` }),
        order.status === "reservation" && button(`accept ${id(order)}`, "주문 받기", accept(id(order))),
        order.status === "accept" && button(`code ${id(order)}`, code ? "새 QR 보이기" : "QR 보이기", showCode(id(order)), { class: code && "quiet" }),
        ["reservation", "accept"].includes(order.status) && button(`cancel ${id(order)}`, "취소하고 환불", cancel(id(order)), { class: "quiet" }));
    }));
}

const SAID = { order_placed: "새 주문이 들어왔습니다.", order_completed: "손님이 픽업했습니다.", order_canceled: "주문이 취소되었습니다." };

function told(event, order) {
  shown.orders = [order, ...shown.orders.filter((other) => other.payment_id !== order.payment_id)];
  shown.orders.sort((a, b) => b.reservation_at.localeCompare(a.reservation_at));
  if (event === "order_completed" || event === "order_canceled") hideCode(order.payment_id);
  showOrders();
  if (SAID[event]) say("said", SAID[event]);
  findStore().then(showProducts, () => {});
}

// --- products

const stock = (id, way) => action(async () => {
  await me.ask("PATCH", `/seller/store/products/${id}/stock/${way}`);
  await findStore();
}, showProducts);

const findSteps = (id) => action(async () => shown.steps.set(id, await me.ask("GET", `/seller/store/products/${id}/price-steps`)), showProducts);

const setSteps = (id, steps) => action(async () => {
  shown.steps.set(id, await me.ask("PUT", `/seller/store/products/${id}/price-steps`, { steps }));
  await findStore();
  say("said", "가격 단계를 저장했습니다.");
}, showProducts);

/** Minutes until today's pickup ends, by the store's hours. */
function minutesLeft() {
  const [hour, minute] = hhmm(Date.now()).split(":").map(Number);
  const day = (new Date(Date.now() + 9 * 3_600_000).getUTCDay() + 6) % 7;
  const end = shown.store.operation_times.find((times) => times.day_of_week === day)?.pickup_end_time ?? "23:59";
  const [endHour, endMinute] = end.split(":").map(Number);
  return endHour * 60 + endMinute - hour * 60 - minute;
}

function stepsOf(product) {
  const found = shown.steps.get(product.product_id);
  if (!found) return button(`steps ${product.product_id}`, "마감 할인 단계", findSteps(product.product_id), { class: "quiet", "aria-label": `${product.product_name} 마감 할인 단계` });
  const steps = found.steps;
  const last = steps.at(-1)?.sale ?? found.base_sale;
  const before = `before ${product.product_id}`;
  const sale = `sale ${product.product_id}`;
  const add = (event) => {
    event.preventDefault();
    const step = { minutes_before_pickup_end: Number(document.getElementById(before).value), sale: Number(document.getElementById(sale).value) };
    setSteps(product.product_id, [...steps, step])();
  };
  const number = (id, label, value, max) => el("div", null, el("label", { for: id }, label), el("input", { id, "data-key": id, type: "number", min: 1, max, value, required: true }));
  return el("div", null,
    el("ul", { class: "list" }, steps.map((step) => el("li", { class: "row" },
      el("span", null, `픽업 마감 ${step.minutes_before_pickup_end}분 전부터 ${step.sale}% 할인`),
      button(`drop ${product.product_id} ${step.sale}`, "지우기", setSteps(product.product_id, steps.filter((other) => other !== step)),
        { class: "quiet", "aria-label": `${step.sale}% 할인 단계 지우기` })))),
    steps.length < 5 && el("form", { onsubmit: add },
      el("div", { class: "pair" }, number(before, "마감 몇 분 전부터", Math.min(1_439, Math.max(1, minutesLeft())), 1_439), number(sale, "할인 (%)", Math.min(100, last + 10), 100)),
      el("button", null, "단계 추가")));
}

function showProducts() {
  show($("products"), el("h2", null, "재고와 가격"), shown.store.products.map((product) => el("article", { class: "card" },
    el("div", { class: "row" }, el("h3", null, product.product_name),
      el("span", null, product.sale > 0 && el("small", null, `${product.sale}% `), el("b", null, won(unitPrice(product))))),
    product.next_price_step && el("p", null, el("span", { class: "tag now" },
      `${hhmm(product.next_price_step.at)}부터 ${won(unitPrice({ price: product.price, sale: product.next_price_step.sale }))}`)),
    el("div", { class: "tools" }, el("span", null, `${product.current_stock}개 남음 `),
      button(`down ${product.product_id}`, "－1", stock(product.product_id, "down"), { class: "quiet", "aria-label": `${product.product_name} 재고 －1`, disabled: product.current_stock === 0 }),
      button(`up ${product.product_id}`, "＋1", stock(product.product_id, "up"), { class: "quiet", "aria-label": `${product.product_name} 재고 ＋1` })),
    stepsOf(product))));
}

await action(findStore, () => shown.store && showProducts())();
await action(findOrders, showOrders)();
me.listen("/seller/store/orders/stream", told, (isOpen) => { live(isOpen); if (isOpen) action(findOrders, showOrders)(); });
setInterval(() => { if (!document.hidden && !$("products").contains(document.activeElement)) findStore().then(showProducts, () => {}); }, 10_000);
