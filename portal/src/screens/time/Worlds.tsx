import { Badge, Button, Input, makeStyles, Select, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { api, got } from '../../api/client';
import { Confirm, Field, Loaded, PHONE, Section, useAct, When } from '../../parts';
import { play, session } from '../../session/session';
import { useWorld, world } from '../../session/world';
import { asOperator, worldsQuery, type World } from './queries';
import { useWords } from './texts';

const useStyles = makeStyles({
  list: { listStyleType: 'none', margin: 0, padding: 0, display: 'grid', gap: tokens.spacingVerticalM },
  world: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) auto',
    gap: tokens.spacingHorizontalM,
    alignItems: 'center',
    paddingBottom: tokens.spacingVerticalM,
    borderBottom: `${tokens.strokeWidthThin} solid ${tokens.colorNeutralStroke3}`,
    [PHONE]: { gridTemplateColumns: 'minmax(0, 1fr)' },
  },
  name: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS, alignItems: 'center' },
  dim: { display: 'block', color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  buttons: { display: 'flex', flexWrap: 'wrap', gap: tokens.spacingHorizontalS },
});

/** The name of the server's own world. */
const OWN = 'default';

/** Goes to another world as whom one is played here; there the same people have other tokens. */
async function travel(to: string | null): Promise<void> {
  const plays = session.get()?.plays ?? { handle: 'operator', isCustomer: false };
  if (!(await play(plays.handle, plays.isCustomer, to))) await play('operator', false, to);
}

type Deed = 'fork' | 'keep' | 'reset' | 'remove';

function Deeds(props: { of: World; deed: Deed; onClose: () => void }) {
  const words = useWords();
  const { of, deed, onClose } = props;
  const [name, setName] = useState('');
  const [snapshot, setSnapshot] = useState('beginning');
  const act = useAct(async (_: null, id: string) => {
    const headers = { ...(await asOperator()), 'MS-RequestId': id };
    const params = { path: { world: of.name } };
    switch (deed) {
      case 'fork':
        return got(api.POST('/program/v1/worlds', { headers, body: { name, from: of.name } }));
      case 'keep':
        return got(api.POST('/program/v1/worlds/{world}/snapshots', { headers, params, body: { name } }));
      case 'reset':
        return got(
          api.POST('/program/v1/worlds/{world}/reset', {
            headers,
            params,
            body: snapshot === 'beginning' ? {} : { snapshot },
          }),
        );
      case 'remove':
        await got(api.DELETE('/program/v1/worlds/{world}', { headers, params }));
        return of;
    }
  });
  const said = {
    fork: [words.forkTitle, words.forkAbout, words.fork],
    keep: [words.keepTitle, '', words.keep],
    reset: [words.resetTitle, words.resetAbout, words.reset],
    remove: [words.removeTitle, words.removeAbout, words.remove],
  } as const;
  const [title, about, label] = said[deed];
  const asksName = deed === 'fork' || deed === 'keep';
  return (
    <Confirm
      open
      title={title(of.name)}
      confirm={label}
      act={act}
      input={null}
      disabled={asksName && name === ''}
      onClose={onClose}
      onDone={() => {
        onClose();
        if (deed === 'fork') void travel(name);
        if (deed === 'remove' && world.get() === of.name) void travel(null);
      }}
    >
      {about !== '' && <span>{about}</span>}
      {asksName && (
        <Field
          label={deed === 'fork' ? words.name : words.snapshot}
          rule={words.nameRule}
          name="name"
          trouble={act.trouble}
          required
        >
          <Input value={name} onChange={(_, data) => setName(data.value)} />
        </Field>
      )}
      {deed === 'reset' && (
        <Field label={words.resetTo}>
          <Select value={snapshot} onChange={(_, data) => setSnapshot(data.value)}>
            {of.snapshots.map(one => (
              <option key={one} value={one}>
                {one === 'beginning' ? words.beginning : one}
              </option>
            ))}
          </Select>
        </Field>
      )}
    </Confirm>
  );
}

/** The worlds of the sandbox: where one is, going elsewhere, forks, snapshots and ways back. */
export function Worlds() {
  const styles = useStyles();
  const words = useWords();
  const here = useWorld() ?? OWN;
  const worlds = useQuery(worldsQuery);
  const [open, setOpen] = useState<{ of: World; deed: Deed } | null>(null);
  return (
    <Section title={words.worlds} lead={words.worldsLead}>
      <Loaded query={worlds}>
        {({ items }) => (
          <ul className={styles.list}>
            {items.map(one => {
              const isOwn = one.name === OWN;
              const isHere = one.name === here;
              const button = (deed: Deed, label: string) => (
                <Button size="small" onClick={() => setOpen({ of: one, deed })}>
                  {label}
                </Button>
              );
              return (
                <li key={one.name} className={styles.world} data-world={one.name}>
                  <span>
                    <span className={styles.name}>
                      <strong>{one.name}</strong>
                      {isHere && <Badge color="brand">{words.here}</Badge>}
                    </span>
                    <span className={styles.dim}>
                      {isOwn && words.own}
                      {one.from !== undefined && words.from(one.from)}
                    </span>
                    {one.clock !== undefined && (
                      <span className={styles.dim}>
                        {words.clock}: <When at={one.clock} />
                      </span>
                    )}
                    {one.snapshots.length > 0 && (
                      <span className={styles.dim}>
                        {words.snapshots}:{' '}
                        {one.snapshots.map(name => (name === 'beginning' ? words.beginning : name)).join(', ')}
                      </span>
                    )}
                  </span>
                  <span className={styles.buttons}>
                    {!isHere && (
                      <Button size="small" appearance="primary" onClick={() => void travel(isOwn ? null : one.name)}>
                        {words.go}
                      </Button>
                    )}
                    {button('fork', words.fork)}
                    {button('keep', words.keep)}
                    {!isOwn && button('reset', words.reset)}
                    {!isOwn && button('remove', words.remove)}
                  </span>
                </li>
              );
            })}
          </ul>
        )}
      </Loaded>
      {open !== null && <Deeds key={`${open.of.name} ${open.deed}`} {...open} onClose={() => setOpen(null)} />}
    </Section>
  );
}
