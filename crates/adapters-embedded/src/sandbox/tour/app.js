// What the customer's page and the store's page share: asking the API as somebody, hearing of orders as they happen, and making elements.

export const API = "/api/v1";

/** Somebody of the demo: `customer` or `seller`. */
export class Person {
  constructor(role) {
    this.role = role;
  }

  /** Once, for all that is asked meanwhile. */
  logIn() {
    this.login ??= this.#logIn().finally(() => { this.login = undefined; });
    return this.login;
  }

  async #logIn() {
    const answer = await fetch("/sandbox/login", {
      method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ role: this.role }), credentials: "omit",
    });
    if (!answer.ok) throw new Error("로그인하지 못했습니다.");
    Object.assign(this, await answer.json());
  }

  /** Asks the API; gives the JSON. A refusal is thrown with its sentence. */
  async ask(method, path, body) {
    if (!this.token) await this.logIn();
    const headers = { accept: "application/json", authorization: `Bearer ${this.token}` };
    if (body) headers["content-type"] = "application/json";
    const answer = await fetch(API + path, { method, headers, body: body && JSON.stringify(body), credentials: "omit" });
    const said = answer.status === 204 ? null : await answer.json();
    if (answer.ok) return said;
    // The clock was moved beyond the session's end.
    if (answer.status === 401) this.token = undefined;
    throw Object.assign(new Error(said.detail ?? answer.status), { code: said.code });
  }

  /** Hears of orders as they happen, for as long as the page is open. EventSource cannot say who asks, so the stream is read here. */
  async listen(path, told, state) {
    let lastId;
    for (;;) {
      try {
        if (!this.token) await this.logIn();
        const headers = { accept: "text/event-stream", authorization: `Bearer ${this.token}` };
        if (lastId) headers["last-event-id"] = lastId;
        const answer = await fetch(API + path, { headers, credentials: "omit" });
        if (answer.status === 401) this.token = undefined;
        if (answer.ok) {
          state(true);
          let text = "";
          for (const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();;) {
            const { value, done } = await reader.read();
            if (done) break;
            const blocks = (text + value).split("\n\n");
            text = blocks.pop();
            for (const block of blocks) {
              const field = (name) => block.split("\n").find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
              lastId = field("id") ?? lastId;
              if (field("event")) told(field("event"), JSON.parse(field("data")));
            }
          }
        }
      } catch {
        // Cut off: once more below.
      }
      state(false);
      await new Promise((later) => setTimeout(later, 1_000));
    }
  }
}

/** An element: attributes (functions are handlers), then children; what is false is left out. */
export function el(tag, attributes, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

/** The same, of a drawing. */
export function svg(tag, attributes, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (typeof value === "function") element[name] = value;
    else if (value !== undefined && value !== false && value !== null) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child || child === 0));
  return element;
}

export const button = (key, text, onclick, attributes) => el("button", { type: "button", "data-key": key, onclick, ...attributes }, text);

/** Puts these in place of what is there; what had the focus has it again. */
export function show(place, ...children) {
  const focused = place.contains(document.activeElement) && document.activeElement.dataset.key;
  place.replaceChildren(...children.flat().filter(Boolean));
  if (focused) place.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

/** What a button does; what goes wrong is said in `alert`, what is done in `status`. */
export function action(work, after) {
  return async (event) => {
    const pressed = event?.currentTarget;
    if (pressed) pressed.disabled = true;
    say("problem", "");
    try {
      await work();
    } catch (error) {
      say("problem", error.message);
    }
    if (pressed) pressed.disabled = false;
    await after?.();
  };
}

export function say(id, text) {
  const place = document.getElementById(id);
  place.textContent = text;
  place.hidden = !text;
}

const format = (options) => new Intl.DateTimeFormat("ko-KR", { timeZone: "Asia/Seoul", hourCycle: "h23", ...options });
const minute = format({ hour: "2-digit", minute: "2-digit" });
export const hhmm = (instant) => minute.format(new Date(instant));
export const won = (amount) => `${amount.toLocaleString("ko-KR")}원`;
/** What a piece costs, as both apps compute it: to the nearest 100 won. */
export const unitPrice = ({ price, sale }) => Math.floor((price * (100 - sale) + 5_000) / 10_000) * 100;

const STATUS = { reservation: ["매장 확인 중", "now"], accept: ["픽업 대기", "now"], complete: ["픽업 완료", "good"], cancel: ["취소됨", "bad"] };

/** An order's card. */
export function orderCard(order, ...more) {
  const [words, kind] = STATUS[order.status];
  return el("article", { class: "card", "aria-label": `${order.product_name} ${words}` },
    el("div", { class: "row" }, el("h3", null, `${order.product_name} × ${order.quantity}`), el("b", null, won(order.total_amount))),
    el("p", null, el("span", { class: `tag ${kind}` }, words), el("small", null, ` ${order.store_name} · ${hhmm(order.reservation_at)} 주문`)),
    ...more);
}

/** Says whether the stream is open. */
export function live(isOpen) {
  const place = document.getElementById("live");
  place.textContent = isOpen ? "실시간 연결됨" : "다시 연결하는 중";
  place.className = `tag ${isOpen ? "good" : "now"}`;
}

/** The codes that stores of this browser show, for customers of this browser to scan. */
const CODE = "cheapbob-code-";
export const codes = {
  show: (payment, text) => localStorage.setItem(CODE + payment, text),
  hide: (payment) => localStorage.removeItem(CODE + payment),
  of: (payment) => localStorage.getItem(CODE + payment),
  onChange: (changed) => addEventListener("storage", (event) => event.key?.startsWith(CODE) && changed()),
};
