import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';

import { layoutOf, narrowed, overlapsOf, type Graph } from '../src/screens/map/layout.ts';
import { Portal } from './browser.ts';
import { Server } from './server.ts';

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
      const began = performance.now();
      const layout = layoutOf(graph, open);
      const took = performance.now() - began;
      console.log(`${graph.nodes.length} nodes, ${layout.boxes.length} boxes: ${took.toFixed(1)} ms`);
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
let directory: string;
let portal: Portal;
before(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'tierline-map-'));
  const facts: object[] = [
    { organization: { id: 'ORG-BIG', name: 'Big Distribution Inc.', headquarters: 'US' } },
    { partner: { id: 'big', type: 'indirect_provider', organization: 'ORG-BIG', country: 'US' } },
  ];
  for (let index = 0; index < 60; index += 1) {
    const name = index === 7 ? SCRIPT : `Reseller ${String(index).padStart(3, '0')} LLC`;
    facts.push(
      { organization: { id: `ORG-R${index}`, name, headquarters: 'US' } },
      { partner: { id: `r${index}`, type: 'indirect_reseller', organization: `ORG-R${index}`, country: 'US' } },
      { partnership: { provider: 'big', reseller: `r${index}` } },
    );
  }
  for (let index = 0; index < 1938; index += 1) {
    const name = `Customer ${String(index).padStart(4, '0')}`;
    facts.push(
      { organization: { id: `ORG-C${index}`, name, headquarters: 'US' } },
      { customer: { id: `c${index}`, organization: `ORG-C${index}`, country: 'US' } },
      { relationship: { partner: 'big', customer: `c${index}` } },
      { relationship: { partner: `r${index % 60}`, customer: `c${index}` } },
    );
  }
  const lines = facts.map(fact => `  - ${JSON.stringify(fact)}\n`).join('');
  const world = path.join(directory, 'world.yaml');
  writeFileSync(world, `today: 2026-01-15T12:00:00Z\ngiven:\n${lines}`);
  portal = await Portal.open(await Server.start(['--sandbox', '--world', world]));
});
after(async () => {
  await portal.close();
  rmSync(directory, { recursive: true, force: true });
});

test('two thousand are laid out, opened, moved over and saved', async () => {
  const page = await portal.as('operator', '/map');
  await page.locator('[data-box=operator]').waitFor();
  await portal.checked(page);
  const frame = page.getByRole('group', { name: 'Map of the program' });

  const took = await page.evaluate(async () => {
    const button = [...document.querySelectorAll('button')].find(one => one.textContent === 'Open all clusters');
    const began = performance.now();
    button?.click();
    await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve)));
    return performance.now() - began;
  });
  await page.locator('[data-boxes="2060"], [data-boxes="2061"]').waitFor();
  console.log(`2,000 nodes opened, laid out and drawn in ${took.toFixed(0)} ms`);
  assert.ok(took <= 1000, `${took} ms`);
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
  const text = readFileSync(await file.path(), 'utf8');
  assert.match(text, /^<svg /);
  assert.match(text, /&#60;script/);
  assert.ok(!text.includes('<script'));
  assert.notEqual(await page.title(), 'taken');
  await portal.checked(page);

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
