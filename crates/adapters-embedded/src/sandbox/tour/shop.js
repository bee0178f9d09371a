// The customer's page: stores around a place, on a map and as a list; what they sell; payment; orders as they happen; the scan.
import { Person, action, button, codes, el, hhmm, live, orderCard, say, show, svg, unitPrice, won } from "./app.js";

const me = new Person("customer");
/** Where the customer stands: stations around which the demo's stores are. */
const PLACES = { "역삼역": [37.5006, 127.0364], "서울대입구역": [37.4812, 126.9527], "홍대입구역": [37.5553, 126.9229], "종각역": [37.569, 126.986] };
const SORTS = { distance: "가까운 순", price: "싼 순", closing: "마감 임박 순", recommended: "추천 순" };
/** Half of the map's height, in degrees of latitude. */
const ZOOMS = [0.01, 0.02, 0.045, 0.1, 0.25];

const shown = { place: "역삼역", sort: "distance", zoom: 3, middle: undefined, stores: [], next: null, map: { pins: [], clusters: [] }, store: undefined, orders: [] };
const $ = (id) => document.getElementById(id);
const middle = () => shown.middle ?? PLACES[shown.place];

// --- asking

async function findStores(cursor) {
  const [lat, lng] = PLACES[shown.place];
  const query = new URLSearchParams({ lat, lng, radius_m: 20_000, sort: shown.sort, limit: 10 });
  if (cursor) query.set("cursor", cursor);
  const page = await me.ask("GET", `/customer/search/stores/nearby?${query}`);
  shown.stores = cursor ? [...shown.stores, ...page.stores] : page.stores;
  shown.next = page.next_cursor;
}

/** The part of the world that is on the map: west, south, east, north. */
function box() {
  const [lat, lng] = middle();
  const high = ZOOMS[shown.zoom];
  // A degree of longitude is shorter than one of latitude; the map is four wide and three high.
  const wide = high * (4 / 3) / Math.cos(lat * Math.PI / 180);
  return [lng - wide, lat - high, lng + wide, lat + high];
}

const findPins = async () => { shown.map = await me.ask("GET", `/customer/search/stores/map?bbox=${box().map((degrees) => degrees.toFixed(6))}`); };

async function findOrders() {
  shown.orders = (await me.ask("GET", "/customer/orders/today")).orders.sort((a, b) => b.reservation_at.localeCompare(a.reservation_at));
}

async function findProducts(id, name) {
  const found = await me.ask("GET", `/customer/search/stores/${id}/products`);
  shown.store = { id, name, products: found.products };
}

const search = action(async () => { await Promise.all([findStores(), findPins()]); }, () => { showStores(); showMap(); });
const look = action(findPins, showMap);

// --- map

function showMap() {
  const [west, south, east, north] = box();
  const x = (lng) => (lng - west) / (east - west) * 400;
  const y = (lat) => (north - lat) / (north - south) * 300;
  const [lat, lng] = PLACES[shown.place];
  // The nearest are drawn last, over the others, and come first by keyboard.
  const pins = [...shown.map.pins].sort((a, b) => b.lat - a.lat).map((pin) => {
    const price = pin.lowest_price === null ? "품절" : won(pin.lowest_price);
    const label = `${pin.store_name}, ${pin.is_open_now ? "영업 중" : "영업 종료"}, ${price}, ${pin.left}개 남음`;
    return svg("a", { href: "#store", "aria-label": label, class: pin.left > 0 && pin.is_open_now ? "pin" : "pin gone", "data-key": `pin ${pin.store_id}`, onclick: openStore(pin.store_id, pin.store_name) },
      svg("title", null, label), svg("circle", { cx: x(pin.lng), cy: y(pin.lat), r: 9 }),
      svg("text", { x: x(pin.lng), y: y(pin.lat) + 20, "aria-hidden": "true" }, price));
  });
  const clusters = shown.map.clusters.map((cluster) => svg("a", {
    href: "#map", class: "cluster", "aria-label": `매장 ${cluster.count}곳, 크게 보기`, "data-key": `cluster ${cluster.lat} ${cluster.lng}`,
    onclick: (event) => { event.preventDefault(); shown.middle = [cluster.lat, cluster.lng]; shown.zoom = Math.max(0, shown.zoom - 1); look(); },
  }, svg("circle", { cx: x(cluster.lng), cy: y(cluster.lat), r: 14 }), svg("text", { x: x(cluster.lng), y: y(cluster.lat) + 4 }, String(cluster.count))));
  show($("map"), svg("svg", { viewBox: "0 0 400 300", role: "group", "aria-label": "매장 지도" },
    svg("path", { d: "M0 75H400M0 150H400M0 225H400M100 0V300M200 0V300M300 0V300", class: "grid" }),
    svg("circle", { cx: x(lng), cy: y(lat), r: 16, class: "me" }), clusters, pins),
  el("div", { class: "tools" },
    button("nearer", "＋ 크게", () => { shown.zoom = Math.max(0, shown.zoom - 1); look(); }, { class: "quiet", disabled: shown.zoom === 0 }),
    button("farther", "－ 작게", () => { shown.zoom = Math.min(ZOOMS.length - 1, shown.zoom + 1); look(); }, { class: "quiet", disabled: shown.zoom === ZOOMS.length - 1 }),
    button("me", "내 위치", () => { shown.middle = undefined; look(); }, { class: "quiet" })));
}

// --- stores

const metres = (m) => (m < 1_000 ? `${m}m` : `${(m / 1_000).toFixed(1)}km`);

function showStores() {
  const option = (value, text, chosen) => el("option", { value, selected: value === chosen }, text);
  const choose = (id, label, options, chosen, onchange) => el("div", null, el("label", { for: id }, label),
    el("select", { id, "data-key": id, onchange: (event) => onchange(event.target.value) }, options.map(([value, text]) => option(value, text, chosen))));
  show($("stores"),
    el("h2", null, "가까운 매장"),
    el("div", { class: "pair" },
      choose("place", "내 위치", Object.keys(PLACES).map((name) => [name, name]), shown.place, (name) => { shown.place = name; shown.middle = undefined; search(); }),
      choose("sort", "정렬", Object.entries(SORTS), shown.sort, (sort) => { shown.sort = sort; search(); })),
    el("ul", { class: "list" }, shown.stores.map((store) => el("li", { class: "row" },
      el("span", null, el("a", { href: "#store", "data-key": `store ${store.store_id}`, onclick: openStore(store.store_id, store.store_name) }, store.store_name),
        el("small", null, ` ${metres(store.distance_m)} · ${store.left}개 남음`)),
      el("span", null, store.rating_count > 0 && el("small", null, `★ ${store.rating_average} `),
        el("span", { class: `tag ${store.is_open_now ? "good" : ""}` }, store.is_open_now ? "영업 중" : "영업 종료"), " ",
        el("b", null, store.lowest_price === null ? "품절" : `${won(store.lowest_price)}~`))))),
    shown.next && button("more", "더 보기", action(() => findStores(shown.next), showStores), { class: "quiet" }),
    shown.stores.length === 0 && el("p", null, "지금 남은 음식이 있는 매장이 없습니다."));
}

const openStore = (id, name) => (event) => {
  event.preventDefault();
  action(() => findProducts(id, name), () => {
    showStore();
    $("store").focus();
    $("store").scrollIntoView({ block: "start" });
  })();
};

function showStore() {
  const { store } = shown;
  $("store").hidden = !store;
  if (!store) return;
  show($("store"), el("h2", null, store.name), store.products.map((product) => el("article", { class: "card" },
    el("div", { class: "row" }, el("h3", null, product.product_name),
      el("span", null, product.sale > 0 && el("s", null, el("small", null, won(product.price))), " ", el("b", null, won(unitPrice(product))))),
    el("p", null, product.description, el("small", null, ` · ${product.current_stock}개 남음`)),
    product.next_price_step && el("p", null, el("span", { class: "tag now" },
      `${hhmm(product.next_price_step.at)}부터 ${won(unitPrice({ price: product.price, sale: product.next_price_step.sale }))}`)),
    [1, 2].map((pieces) => button(`buy ${pieces} ${product.product_id}`, `${pieces}개 사기`, buy(product, pieces),
      { disabled: product.current_stock < pieces, class: pieces > 1 && "quiet", "aria-label": `${product.product_name} ${pieces}개 사기` })))));
}

// --- buying

const buy = (product, quantity) => action(async () => {
  pay((await me.ask("POST", "/customer/payment/init", { product_id: product.product_id, quantity })).payment_id);
}, refreshStore);

async function refreshStore() {
  if (!shown.store) return;
  await findProducts(shown.store.id, shown.store.name).catch(() => {});
  showStore();
}

/** PortOne's window; when the payment ended there, it is confirmed, or let go. */
function pay(id) {
  const frame = el("iframe", { src: `/sandbox/portone/checkout?paymentId=${id}`, title: "결제 창" });
  const close = el("button", { class: "quiet", onclick: () => dialog.close() }, "결제 창 닫기");
  let ended = false;
  const leave = action(() => me.ask("DELETE", `/customer/payment/init/${id}`), refreshStore);
  const confirm = action(async () => {
    await me.ask("POST", "/customer/payment/confirm", { payment_id: id });
    say("said", "주문했습니다. 매장이 확인하면 알려 드립니다.");
  }, refreshStore);
  const dialog = el("dialog", { "aria-label": "결제 창", onclose: () => { dialog.remove(); if (!ended) leave(); } }, frame, close);
  frame.onload = () => {
    const status = frame.contentDocument?.getElementById("ended")?.dataset.status;
    if (!status) return;
    ended = status === "PAID";
    dialog.close();
    if (ended) confirm().then(() => $("orders").focus());
  };
  document.body.append(dialog);
  dialog.showModal();
}

// --- orders

const cancel = (id) => action(() => me.ask("DELETE", `/customer/orders/${id}/cancel`));
const scan = (id) => action(async () => {
  await me.ask("PATCH", `/customer/orders/${id}/complete`, { qr_data: codes.of(id) });
  codes.hide(id);
});

function showOrders() {
  const id = (order) => order.payment_id;
  show($("orders"), el("h2", null, "내 주문"),
    shown.orders.length === 0 && el("p", null, "오늘 주문이 없습니다. 지도나 목록에서 매장을 고르세요."),
    shown.orders.map((order) => orderCard(order,
      order.status === "reservation" && button(`cancel ${id(order)}`, "주문 취소", cancel(id(order)), { class: "quiet" }),
      order.status === "accept" && button(`scan ${id(order)}`, codes.of(id(order)) ? "QR 스캔" : "매장이 QR을 보여 주면 스캔할 수 있어요", scan(id(order)),
        { disabled: !codes.of(id(order)) }))));
}

const SAID = { order_accepted: "매장이 주문을 확인했습니다.", order_completed: "픽업했습니다. 맛있게 드세요.", order_canceled: "주문이 취소되어 환불됩니다." };

/** An order has changed: what was told stands in the place of what was there. */
function told(event, order) {
  shown.orders = [order, ...shown.orders.filter((other) => other.payment_id !== order.payment_id)];
  shown.orders.sort((a, b) => b.reservation_at.localeCompare(a.reservation_at));
  showOrders();
  if (SAID[event]) say("said", SAID[event]);
}

await search();
await action(findOrders, showOrders)();
codes.onChange(showOrders);
me.listen("/customer/orders/stream", told, (isOpen) => { live(isOpen); if (isOpen) action(findOrders, showOrders)(); });
// Prices fall with the clock, and others buy.
setInterval(() => {
  if (document.hidden || document.querySelector("dialog")) return;
  refreshStore();
  const number = Math.max(10, shown.stores.length);
  if (number === 10) findStores().then(showStores, () => {});
}, 5_000);
