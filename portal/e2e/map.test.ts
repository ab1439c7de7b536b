import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { layoutOf, narrowed, overlapsOf, type Graph } from '../src/screens/map/layout.ts';
import { Portal, textOf } from './browser.ts';
import { serverOf } from './many.ts';

/** A program of one provider, resellers and customers, two of which share some. */
function graphOf(resellers: number, customers: number): Graph {
  const nodes = [
    { id: 'operator', name: 'operator', title: '', kind: 'operator' },
    { id: 'big', name: 'big', title: 'Big Distribution Inc.', kind: 'indirect_provider', region: 'United States' },
    { id: 'direct', name: 'direct', title: 'Direct One GmbH', kind: 'direct_bill', region: 'Europe' },
  ];
  const edges = [
    { kind: 'program', from: 'operator', to: 'big', state: 'active' },
    { kind: 'program', from: 'operator', to: 'direct', state: 'active' },
  ];
  for (let index = 0; index < resellers; index += 1) {
    const id = `r${index}`;
    nodes.push({ id, name: id, title: `Reseller ${index}`, kind: 'indirect_reseller', region: 'United States' });
    edges.push({ kind: 'partnership', from: 'big', to: id, state: index % 9 === 0 ? 'invited' : 'active' });
  }
  for (let index = 0; index < customers; index += 1) {
    const id = `c${index}`;
    nodes.push({ id, name: id, title: `Customer ${index}`, kind: 'customer', region: 'United States' });
    edges.push({ kind: 'relationship', from: 'big', to: id, state: 'active' });
    edges.push({ kind: 'relationship', from: `r${index % resellers}`, to: id, state: 'active' });
    if (index % 50 === 0) edges.push({ kind: 'relationship', from: 'direct', to: id, state: 'active' });
  }
  return { nodes, edges };
}

test('nothing covers anything, with ten boxes and with two thousand, shut and open', () => {
  for (const graph of [graphOf(2, 5), graphOf(60, 1937), graphOf(500, 1497)]) {
    const owners = graph.nodes.map(node => node.id);
    for (const open of [new Set<string>(), new Set(owners), new Set(owners.filter((_, index) => index % 3 === 0))]) {
      const layout = layoutOf(graph, open);
      assert.equal(overlapsOf(layout.boxes).length, 0);
      for (const box of layout.boxes) {
        assert.ok(box.x >= 0 && box.y >= 0 && box.x + box.w <= layout.width && box.y + box.h <= layout.height);
      }
      const shown = layout.boxes.reduce(
        (sum, box) => sum + (box.shape === 'cluster' && !box.isOpen ? box.count : 0),
        0,
      );
      const drawn = layout.boxes.filter(box => box.shape !== 'cluster').length;
      assert.equal(shown + drawn, graph.nodes.length, 'everybody stands somewhere, once');
    }
  }
  // The measure itself finds what it looks for.
  const [box] = layoutOf(graphOf(1, 1), new Set()).boxes;
  assert.ok(box);
  assert.equal(overlapsOf([box, { ...box, id: 'other', x: box.x + 5 }]).length, 1);
});

test('a search leaves who is found and everybody above', () => {
  const left = narrowed(graphOf(3, 9), node => node.id === 'c4');
  assert.deepEqual(left.nodes.map(node => node.id).sort(), ['big', 'c4', 'operator', 'r1']);
});

const SCRIPT = '<script>document.title="taken"</script>';
let portal: Portal;
before(async () => {
  const named = (kind: string, index: number) =>
    kind === 'Reseller' && index === 7 ? SCRIPT : `${kind} ${String(index).padStart(4, '0')}`;
  portal = await Portal.open(await serverOf([{ provider: 'big', resellers: 60, customers: 1_938 }], named));
});
after(() => portal.close());

test('two thousand are laid out, opened, moved over and saved', async () => {
  const page = await portal.as('operator', '/map');
  await page.locator('[data-box=operator]').waitFor();
  await portal.checked(page);
  const frame = page.getByRole('group', { name: 'Map of the program' });

  await page.getByRole('button', { name: 'Open all clusters' }).click();
  await page.locator('[data-boxes="2060"], [data-boxes="2061"]').waitFor();
  await page.getByRole('button', { name: 'Close all clusters' }).click();

  // Keyboard, wheel, back to all of it.
  const zoom = async () => Number(await frame.getAttribute('data-zoom'));
  await frame.focus();
  await page.keyboard.press('0');
  const first = await zoom();
  await page.keyboard.press('+');
  await page.waitForFunction(
    old => Number(document.querySelector('[data-zoom]')?.getAttribute('data-zoom')) > old,
    first,
  );
  const at = await frame.getAttribute('data-at');
  await page.keyboard.press('ArrowRight');
  await page.waitForFunction(old => document.querySelector('[data-at]')?.getAttribute('data-at') !== old, at);
  await page.keyboard.press('0');
  await page.waitForFunction(
    old => Number(document.querySelector('[data-zoom]')?.getAttribute('data-zoom')) === old,
    first,
  );
  await frame.hover();
  await page.mouse.wheel(0, -300);
  await page.waitForFunction(
    old => Number(document.querySelector('[data-zoom]')?.getAttribute('data-zoom')) > old,
    first,
  );
  await page.getByRole('button', { name: 'Show all of it' }).click();

  // A script in a name is text: on the map, in the facts and in the file.
  await page.getByRole('searchbox').fill('<script>');
  await page.locator('[data-box]').filter({ hasText: '<script>' }).click();
  await page.getByRole('heading', { name: SCRIPT }).waitFor();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Save as SVG' }).click(),
  ]);
  const text = await textOf(file);
  assert.match(text, /^<svg /);
  assert.match(text, /&#60;script/);
  assert.ok(!text.includes('<script'));
  assert.notEqual(await page.title(), 'taken');
  await portal.checked(page);

  // By kind and by state of the tie: those, and whoever stands between them and the operator.
  await page.getByRole('searchbox').fill('');
  await page.getByRole('combobox', { name: 'Kind' }).selectOption('indirect_reseller');
  await page.locator('[data-boxes="62"]').waitFor();
  await page.getByRole('combobox', { name: 'State of ties' }).selectOption('ended');
  await page.locator('[data-boxes="1"]').waitFor();
  await portal.checked(page);
  await page.getByRole('combobox', { name: 'State of ties' }).selectOption('');
  await page.getByRole('combobox', { name: 'Kind' }).selectOption('');

  // A customer is found in its cluster, and leads to the deal desk.
  await page.getByRole('searchbox').fill('Customer 0042');
  await page.locator('[data-shape=customer]').click();
  await page.getByRole('link', { name: 'Put a deal together' }).waitFor();
  await portal.checked(page);
});

test('fingers zoom', async () => {
  const page = await portal.as('operator', '/map');
  const frame = page.getByRole('group', { name: 'Map of the program' });
  await page.locator('[data-box=operator]').waitFor();
  const first = Number(await frame.getAttribute('data-zoom'));
  await frame.evaluate(element => {
    const box = element.getBoundingClientRect();
    for (const [type, pointerId, x] of [
      ['pointerdown', 11, 100],
      ['pointerdown', 12, 120],
      ['pointermove', 12, 123],
      ['pointerup', 11, 100],
      ['pointerup', 12, 123],
    ] as const) {
      element.dispatchEvent(
        new PointerEvent(type, {
          pointerId,
          pointerType: 'touch',
          bubbles: true,
          clientX: box.left + x,
          clientY: box.top + 100,
        }),
      );
    }
  });
  await page.waitForFunction(
    old => Number(document.querySelector('[data-zoom]')?.getAttribute('data-zoom')) > old,
    first,
  );
  await portal.checked(page);
});

test('pictures', async () => {
  await portal.shots('map-2000', 'operator', '/map', page => page.locator('[data-box=operator]').waitFor());
  const demo = await Portal.open();
  try {
    await demo.shots('map', 'meridian', '/map', page => page.locator('[data-box=operator]').waitFor());
    await demo.shots('map-operator', 'operator', '/map', page => page.locator('[data-box=operator]').waitFor());
  } finally {
    await demo.close();
  }
});
