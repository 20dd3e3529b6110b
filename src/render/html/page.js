
'use strict';
// The page says all it has to say without this. What follows finds things: by a link, by their text, by their fate.
{
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];
  const rows = all('.rows > li');

  // A link leads to a row, which is opened and lit, or to a place in the drawing.
  const arrive = () => {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    all('.lit').forEach((lit) => lit.classList.remove('lit'));
    if (!target) return;
    const lit = [target, ...(target.dataset.rows ?? '').split(' ').map((id) => id && document.getElementById(id))];
    lit.filter(Boolean).forEach((one) => one.classList.add('lit'));
    if (target.matches('.rows > li')) {
      reveal(target);
      all('[data-rows]').filter((node) => node.dataset.rows.split(' ').includes(target.id)).forEach((node) => node.classList.add('lit'));
    }
    if (target.matches('details')) target.open = true;
    target.scrollIntoView({ block: target.matches('.rows > li, .node') ? 'center' : 'start' });
    // The browser says late that a link was followed: whoever types by then keeps the cursor.
    if (!document.activeElement?.matches('input')) target.focus({ preventScroll: true });
  };
  const reveal = (row) => {
    if (row.hidden) clear();
    for (const details of [row.querySelector('details'), row.closest('details')]) if (details) details.open = true;
  };
  addEventListener('hashchange', arrive);
  // A second click on the same link changes no address.
  document.addEventListener('click', (event) => {
    const link = event.target.closest('a[href^="#"]');
    if (link && link.hash === location.hash) arrive();
  });

  // The filter: words that all must be there, and fates that are shown.
  const form = document.querySelector('.filter');
  const clear = () => {
    form.reset();
    all('[aria-pressed]', form).forEach((button) => button.setAttribute('aria-pressed', 'true'));
    filter();
  };
  const filter = () => {
    const words = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const off = new Set(all('[aria-pressed="false"]', form).map((button) => button.dataset.fate));
    for (const section of all('.fate')) {
      const items = all('.rows > li', section);
      for (const row of items) {
        const text = row.textContent.toLowerCase();
        row.hidden = off.has(section.dataset.fate) || !words.every((word) => text.includes(word));
      }
      section.hidden = items.every((row) => row.hidden);
      const folded = section.querySelector(':scope > details');
      if (folded && words.length) folded.open = !section.hidden;
    }
    const shown = rows.filter((row) => !row.hidden).length;
    form.elements.shown.textContent = shown === rows.length ? '' : `${shown} of ${rows.length} shown`;
  };
  if (form) {
    form.hidden = false;
    form.addEventListener('submit', (event) => event.preventDefault());
    form.addEventListener('input', filter);
    const foldable = all('.changes .rows details');
    const fold = form.elements.fold;
    fold.hidden = foldable.length < 2;
    const name = () => (fold.textContent = foldable.some((details) => details.open) ? 'Fold all' : 'Open all');
    fold.addEventListener('click', () => {
      const open = !foldable.some((details) => details.open);
      foldable.forEach((details) => (details.open = open));
      name();
    });
    name();
    for (const button of all('[aria-pressed]', form)) {
      button.addEventListener('click', () => {
        button.setAttribute('aria-pressed', String(button.getAttribute('aria-pressed') === 'false'));
        filter();
      });
    }
    document.addEventListener('keydown', (event) => {
      const typing = event.target.matches('input');
      if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey) {
        event.preventDefault();
        form.elements.text.focus();
      } else if (event.key === 'Escape' && typing) {
        clear();
      }
    });
  }

  // Commands to copy. Where the clipboard is closed to us, the command is selected for people to copy.
  for (const button of all('.copy')) {
    const text = button.parentElement.querySelector('code');
    button.hidden = false;
    button.addEventListener('click', async () => {
      try {
        await navigator.clipboard.writeText(text.textContent);
        button.textContent = 'Copied';
      } catch {
        getSelection().selectAllChildren(text);
        button.textContent = 'Selected';
      }
      setTimeout(() => (button.textContent = 'Copy'), 2000);
    });
  }

  // Paper shows all.
  addEventListener('beforeprint', () => all('details').forEach((details) => (details.open = true)));
  arrive();
}
