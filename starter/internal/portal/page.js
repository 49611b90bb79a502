'use strict';
// Times are shown as the reader's own; the ticket is kept live; what was typed is kept until it was taken.
const local = root => {
  for (const time of root.querySelectorAll('time')) {
    const at = new Date(time.dateTime);
    time.textContent = at.toLocaleString(undefined, {dateStyle: 'medium', timeStyle: 'short'});
  }
};
local(document);

const ticket = document.getElementById('ticket');
if (ticket) {
  const offline = document.getElementById('offline');
  const live = new EventSource(ticket.dataset.live);
  live.onmessage = event => {
    offline.hidden = true;
    const next = document.createElement('div');
    next.innerHTML = event.data;
    local(next);
    const may = next.querySelector('#may').dataset;
    for (const part of document.querySelectorAll('[data-needs]')) part.hidden = may[part.dataset.needs] !== 'true';
    if (ticket.innerHTML !== next.innerHTML) ticket.replaceChildren(...next.childNodes);
  };
  live.onerror = () => { offline.hidden = false; };
}

const told = document.getElementById('told');
const say = (text, wrong) => {
  told.textContent = text;
  told.toggleAttribute('data-wrong', wrong);
};

const draft = 'draft ' + location.pathname;
const typed = document.getElementById('text');
if (typed) {
  typed.value ||= sessionStorage.getItem(draft) || '';
  typed.addEventListener('input', () => sessionStorage.setItem(draft, typed.value));
}

for (const form of document.forms) {
  form.addEventListener('submit', async event => {
    event.preventDefault();
    const button = form.querySelector('button');
    button.disabled = true;
    say('Sending…', false);
    try {
      const data = new FormData(form);
      const body = form.enctype === 'multipart/form-data' ? data : new URLSearchParams(data);
      const answer = await fetch(form.action, {method: 'POST', body, headers: {Accept: 'text/plain'}});
      const text = await answer.text();
      say(text, !answer.ok);
      if (answer.ok) {
        form.reset();
        form.elements.key.value = crypto.randomUUID ? crypto.randomUUID() : String(Date.now());
        sessionStorage.removeItem(draft);
      }
    } catch {
      say('It could not be sent. What you wrote is still here; please send it again.', true);
    }
    button.disabled = false;
  });
}
