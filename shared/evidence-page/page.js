"use strict";
// Checks a file with the module in this page. Nothing is fetched or sent, and whatever a file says is shown as text.
const TEXT = {
  en: {
    title: "Check the evidence of an order",
    intro: "The file is checked in this page. It works offline, and nothing leaves your device.",
    choose: "Choose a file of “quittance evidence”, or drop it here",
    noted: "The head that was noted when the file was made, if you have it",
    language: "Français",
    checking: "Checking…",
    holds: "The file holds.",
    wrong: "The file does not hold.",
    found: "What is wrong",
    came: "What came, in the order of arrival",
    absent: "Messages without their bytes",
    order: "Order", head: "Head", made: "Made", decided: "Decision",
    released: "Released", not: "Not released", reversed: "Given back or lost",
    captured: "Captured", expected: "Expected", refunded: "Refunded",
    other: "This is not the head that was noted: it is another file.",
    same: "The head is the one that was noted.",
    entry: "Entry",
    failed: "This browser cannot run the check.",
    proves: "What this proves",
    proves1: "No byte was altered since the file was made, if the head is the one that was noted then. The messages in it come to the decision that it states, by the rules of this version.",
    proves2: "It does not prove who wrote the messages: their signatures are made with a key that the merchant has too. “quittance verify --keys” checks them, for whoever has the keys.",
  },
  fr: {
    title: "Vérifier la preuve d’une commande",
    intro: "Le fichier est vérifié dans cette page. Elle fonctionne hors ligne, et rien ne quitte votre appareil.",
    choose: "Choisissez un fichier de « quittance evidence », ou déposez-le ici",
    noted: "L’empreinte notée à la création du fichier, si vous l’avez",
    language: "English",
    checking: "Vérification…",
    holds: "Le fichier est cohérent.",
    wrong: "Le fichier n’est pas cohérent.",
    found: "Ce qui ne va pas",
    came: "Ce qui est arrivé, dans l’ordre d’arrivée",
    absent: "Messages sans leurs octets",
    order: "Commande", head: "Empreinte", made: "Créé", decided: "Décision",
    released: "Libérée", not: "Non libérée", reversed: "Rendu ou perdu",
    captured: "Encaissé", expected: "Attendu", refunded: "Remboursé",
    other: "Ce n’est pas l’empreinte notée : c’est un autre fichier.",
    same: "L’empreinte est celle qui a été notée.",
    entry: "Entrée",
    failed: "Ce navigateur ne peut pas faire la vérification.",
    proves: "Ce que cela prouve",
    proves1: "Aucun octet n’a été modifié depuis la création du fichier, si l’empreinte est celle notée à ce moment. Ses messages donnent la décision qu’il énonce, selon les règles de cette version.",
    proves2: "Cela ne prouve pas qui a écrit les messages : leurs signatures sont faites avec une clé que le marchand possède aussi. « quittance verify --keys » les vérifie, pour qui possède les clés.",
  },
};

const at = (id) => document.getElementById(id);
let language = navigator.language.startsWith("fr") ? "fr" : "en";
let last = null;
let failed = false;

// The module, unpacked once.
const module = (async () => {
  const packed = Uint8Array.from(atob(at("module").textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = await new Response(stream).arrayBuffer();
  return (await WebAssembly.instantiate(bytes, {})).instance.exports;
})();

async function check(bytes) {
  const { memory, room, check, verdict } = await module;
  const place = room(bytes.length) >>> 0;
  // No more than there is room for; the check says that it is too much.
  const left = memory.buffer.byteLength - place;
  new Uint8Array(memory.buffer, place).set(bytes.subarray(0, Math.min(bytes.length, left)));
  const length = check();
  const found = new Uint8Array(memory.buffer, verdict() >>> 0, length);
  return JSON.parse(new TextDecoder().decode(found));
}

function element(name, text, ...children) {
  const made = document.createElement(name);
  if (text !== null) made.textContent = text;
  made.append(...children);
  return made;
}

function money(amount, currency) {
  if (amount === null) return "–";
  if (!currency) return String(amount);
  const format = new Intl.NumberFormat(language, { style: "currency", currency });
  return format.format(amount / 10 ** format.resolvedOptions().maximumFractionDigits);
}

// French has a no-break space before it.
const colon = () => (language === "fr" ? "\u00a0: " : ": ");

function list(title, items) {
  return items.length ? [element("h2", title), element("ul", null, ...items)] : [];
}

function show() {
  const text = TEXT[language];
  document.documentElement.lang = language;
  document.title = text.title;
  for (const each of document.querySelectorAll("[data-text]")) each.textContent = text[each.dataset.text];
  at("language").textContent = text.language;
  const result = at("result");
  result.replaceChildren();
  if (failed) {
    result.append(element("p", text.failed));
    return;
  }
  if (!last) return;
  const words = last[language];
  const noted = at("noted").value.trim().toLowerCase();
  const isOther = noted !== "" && noted !== last.head;
  const holds = last.holds && !isOther;
  const verdict = element("p", holds ? text.holds : text.wrong);
  verdict.className = `verdict ${holds ? "holds" : "wrong"}`;
  result.append(verdict);
  if (noted !== "") result.append(element("p", isOther ? text.other : text.same));
  result.append(...list(text.found, last.findings.map((finding, index) =>
    element("li", null, element("code", finding.place), `${colon()}${words.findings[index]}`))));
  if (!last.order) return;
  const facts = [[text.order, last.order], [text.head, last.head], [text.made, `${last.made_at}, ${last.made_by}`]];
  const { decision } = last;
  const value = (amount) => money(amount, decision.currency);
  // What a file that was altered says is not repeated.
  if (last.holds) {
    const decided = decision.released
      ? `${text.released} ${decision.released.decided_at} (${decision.released.id})`
      : `${text.not}. ${decision.why ?? ""}`;
    facts.push([text.decided, decided], [text.captured, value(decision.captured)],
      [text.expected, value(decision.expected)], [text.refunded, value(decision.refunded)]);
    for (const reversal of decision.reversals) {
      facts.push([text.reversed, `${value(reversal.amount)}, ${reversal.decided_at} (${reversal.id})`]);
    }
  }
  const described = facts.flatMap(([name, said]) => [element("dt", name), element("dd", said)]);
  result.append(element("dl", null, ...described));
  if (!last.holds) return;
  result.append(...list(text.came, last.events.map((event, index) => {
    const amount = event.amount === null ? [] : [money(event.amount, event.currency)];
    return element("li", [event.at, words.kinds[index], ...event.states, ...amount].join(" · "));
  })));
  result.append(...list(text.absent, last.absent.map((absent, index) =>
    element("li", `${text.entry} ${absent.index}${colon()}${words.absent[index]}`))));
}

async function take(file) {
  if (!file) return;
  at("result").textContent = TEXT[language].checking;
  try {
    last = await check(new Uint8Array(await file.arrayBuffer()));
  } catch {
    failed = true;
  }
  show();
}

at("file").addEventListener("change", () => take(at("file").files[0]));
at("noted").addEventListener("input", show);
at("language").addEventListener("click", () => {
  language = language === "fr" ? "en" : "fr";
  show();
});
for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    at("drop").classList.toggle("over", name === "dragover");
    if (name === "drop") take(event.dataTransfer.files[0]);
  });
}
show();
