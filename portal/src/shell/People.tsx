import { Button, Input, makeStyles, mergeClasses, SearchBox, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';

import { Field } from '../parts/Form';
import { Loaded } from '../parts/Loaded';
import { fits } from '../parts/Search';
import { StateBadge } from '../parts/StateBadge';
import { ROLES } from '../screens/ids';
import { become, everybody, useSession, type Somebody } from '../session/session';
import { useWorld } from '../session/world';
import { useTexts } from '../texts';

const useStyles = makeStyles({
  all: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalM, minWidth: 0 },
  list: {
    display: 'grid',
    gap: tokens.spacingVerticalXS,
    maxHeight: '22rem',
    overflowY: 'auto',
    padding: '3px',
    margin: '-3px',
  },
  kind: {
    margin: `${tokens.spacingVerticalS} 0 0`,
    fontSize: tokens.fontSizeBase200,
    fontWeight: tokens.fontWeightSemibold,
    color: tokens.colorNeutralForeground2,
  },
  one: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) auto',
    alignItems: 'center',
    columnGap: tokens.spacingHorizontalM,
    textAlign: 'start',
    width: '100%',
    fontWeight: tokens.fontWeightRegular,
    paddingBlock: tokens.spacingVerticalS,
  },
  isNow: { borderLeft: `4px solid ${tokens.colorBrandStroke1}` },
  name: { overflowWrap: 'anywhere' },
  about: { display: 'block', color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200 },
  customer: { display: 'flex', gap: tokens.spacingHorizontalS, alignItems: 'flex-start' },
});

/** Everybody of a sandbox's world; a click and you are that one. */
export function People(props: { onChosen?: () => void }) {
  const styles = useStyles();
  const texts = useTexts();
  const world = useWorld();
  const session = useSession();
  const [search, setSearch] = useState('');
  const [customer, setCustomer] = useState('');
  const [isUnknown, setUnknown] = useState(false);
  const people = useQuery({ queryKey: ['people', world], queryFn: () => everybody() });
  const enter = (found: Somebody) => {
    props.onChosen?.();
    // Whatever holds the list has closed before everything else is drawn anew.
    requestAnimationFrame(() => become(found));
  };
  const enterCustomer = async () => {
    const handle = customer.trim();
    const found = (await everybody(handle)).find(one => one.handle === handle);
    if (found === undefined) setUnknown(true);
    else enter(found);
  };
  const one = (somebody: Somebody) => (
    <Button
      key={somebody.handle}
      className={mergeClasses(styles.one, session?.plays?.handle === somebody.handle && styles.isNow)}
      data-handle={somebody.handle}
      onClick={() => enter(somebody)}
    >
      <span>
        <span className={styles.name}>{somebody.name}</span>
        <span className={styles.about}>
          {somebody.handle === 'operator' ? texts.roles.operator : `${somebody.handle} · ${somebody.country}`}
        </span>
      </span>
      {somebody.state !== 'active' && <StateBadge state={somebody.state} />}
    </Button>
  );
  return (
    <div className={styles.all}>
      <SearchBox
        aria-label={texts.signIn.search}
        placeholder={texts.signIn.search}
        value={search}
        dismiss={{ 'aria-label': texts.parts.clear }}
        onChange={(_, data) => setSearch(data.value)}
      />
      <Loaded query={people} lines={6}>
        {all => {
          const found = all.filter(one => fits(search, one.name, one.handle, one.country, one.state));
          return (
            <div className={styles.list}>
              {ROLES.map(role => {
                const ofRole = found.filter(one => one.kind === role);
                if (ofRole.length === 0) return null;
                return [
                  <h3 key={role} className={styles.kind}>
                    {texts.roles[role]}
                  </h3>,
                  ...ofRole.map(one),
                ];
              })}
              {found.length === 0 && <span>{texts.signIn.nobody}</span>}
            </div>
          );
        }}
      </Loaded>
      <form
        onSubmit={event => {
          event.preventDefault();
          if (customer.trim() !== '') void enterCustomer();
        }}
      >
        <Field
          label={texts.signIn.customer}
          rule={texts.signIn.customerRule}
          problem={isUnknown ? texts.signIn.nobody : undefined}
        >
          {field => (
            <div className={styles.customer}>
              <Input
                {...field}
                value={customer}
                onChange={(_, data) => {
                  setCustomer(data.value);
                  setUnknown(false);
                }}
              />
              <Button type="submit">{texts.signIn.play}</Button>
            </div>
          )}
        </Field>
      </form>
    </div>
  );
}
