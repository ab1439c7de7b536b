import { Badge, makeStyles, mergeClasses, ProgressBar, tokens } from '@fluentui/react-components';
import { useQuery } from '@tanstack/react-query';

import { homeQuery, serverQuery, useMe } from '../../api/queries';
import { ButtonLink, Count, Empty, Facts, Link, Loaded, Money, Page, PHONE, Section, When } from '../../parts';
import { count } from '../../parts/money';
import { useTexts } from '../../texts';
import { localeOf, useLang } from '../../texts/lang';
import type { ScreenId } from '../ids';
import { screensOf } from '../shown';
import { MATTERS, ORDER, placeFor, type Home, type Matter } from './matters';
import { useWords as useNoticeWords } from '../notices/texts';
import { useWords } from './texts';

const useStyles = makeStyles({
  cards: {
    display: 'grid',
    gridTemplateColumns: 'repeat(auto-fill, minmax(min(20rem, 100%), 1fr))',
    gap: tokens.spacingHorizontalL,
    margin: 0,
    padding: 0,
    listStyleType: 'none',
  },
  card: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalM,
    minWidth: 0,
    backgroundColor: tokens.colorNeutralBackground1,
    border: `${tokens.strokeWidthThin} solid ${tokens.colorNeutralStroke2}`,
    borderRadius: tokens.borderRadiusXLarge,
    padding: tokens.spacingHorizontalXL,
    [PHONE]: { padding: tokens.spacingHorizontalL },
  },
  head: { display: 'flex', alignItems: 'center', gap: tokens.spacingHorizontalM },
  many: { flexShrink: 0, fontVariantNumeric: 'tabular-nums' },
  title: { margin: 0, fontSize: tokens.fontSizeBase400, lineHeight: tokens.lineHeightBase400 },
  list: {
    listStyleType: 'none',
    margin: 0,
    padding: 0,
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr)',
    gap: tokens.spacingVerticalS,
  },
  one: {
    display: 'grid',
    gridTemplateColumns: 'minmax(0, 1fr) auto',
    columnGap: tokens.spacingHorizontalM,
    alignItems: 'baseline',
  },
  name: { overflowWrap: 'anywhere' },
  about: {
    display: 'block',
    color: tokens.colorNeutralForeground2,
    fontSize: tokens.fontSizeBase200,
    overflowWrap: 'anywhere',
  },
  when: { color: tokens.colorNeutralForeground2, fontSize: tokens.fontSizeBase200, whiteSpace: 'nowrap' },
  foot: { marginTop: 'auto', paddingTop: tokens.spacingVerticalXS },
  meter: { display: 'grid', gap: tokens.spacingVerticalXS, maxWidth: '24rem' },
});

/** An amount as the server writes it. */
const AMOUNT = /^[A-Z]{3} -?\d+(\.\d+)?$/;
const GUID = /^[0-9a-f]{8}-[0-9a-f-]{27}$/;

/** A kind of thing that needs somebody: how many, the first of them, and where it is seen to. */
function Card(props: { matter: Matter; screens: ScreenId[] }) {
  const styles = useStyles();
  const texts = useTexts();
  const words = useWords();
  const locale = localeOf(useLang());
  const { topics } = useNoticeWords();
  const { matter } = props;
  const place = placeFor(matter.kind, useMe().role);
  const isOpen = props.screens.includes(place.screen);
  const many = count(matter.count, locale);
  const rest = matter.count - matter.examples.length;
  return (
    <li className={styles.card} data-matter={matter.kind} data-count={matter.count}>
      <div className={styles.head}>
        <Badge
          size="extra-large"
          appearance="tint"
          color={place.isOwn ? 'brand' : 'informative'}
          className={styles.many}
        >
          {matter.isMore ? words.orMore(many) : many}
        </Badge>
        <h3 className={styles.title}>{words.kinds[matter.kind] ?? matter.kind.replaceAll('_', ' ')}</h3>
      </div>
      <ul className={styles.list}>
        {matter.examples.map(one => {
          // A thing without a name of its own is called by whom it concerns.
          const given = GUID.test(one.name) ? one.about : one.name;
          const name = matter.kind === 'notices' ? (topics[given] ?? given) : given;
          return (
            <li key={one.id} className={styles.one}>
              <span className={styles.name}>
                {isOpen && place.one !== undefined ? <Link to={place.one(one.id)}>{name}</Link> : name}
                {one.about !== name && (
                  <span className={styles.about}>
                    {AMOUNT.test(one.about) ? <Written text={one.about} /> : (texts.states[one.about] ?? one.about)}
                  </span>
                )}
              </span>
              <span className={styles.when}>
                {one.day !== undefined ? (
                  <When at={one.day} />
                ) : (
                  one.at !== undefined && <When at={one.at} grain="day" />
                )}
              </span>
            </li>
          );
        })}
      </ul>
      {(isOpen || rest > 0) && (
        <div className={mergeClasses(styles.head, styles.foot)}>
          {isOpen && (
            <ButtonLink to={place.to ?? `/${place.screen}`} size="small">
              {words.open(texts.screens[place.screen])}
            </ButtonLink>
          )}
          {rest > 0 && <span className={styles.about}>{words.more(count(rest, locale))}</span>}
        </div>
      )}
    </li>
  );
}

/** An amount as the server writes it, such as `USD 50000.00`. */
function Written(props: { text: string }) {
  const [currency = '', amount = ''] = props.text.split(' ');
  return <Money currency={currency} amount={amount} />;
}

/** How much may still be bought before something is paid. */
function Standing(props: { home: Home }) {
  const styles = useStyles();
  const words = useWords();
  const locale = localeOf(useLang());
  const { credit, subscriptions } = props.home;
  if (credit === undefined && subscriptions === undefined) return null;
  const percent = new Intl.NumberFormat(locale, { style: 'percent' });
  return (
    <Section title={credit === undefined ? words.standing : words.credit}>
      {credit !== undefined && (
        <div className={styles.meter}>
          <ProgressBar
            value={Math.min(credit.usedPercent, 100)}
            max={100}
            thickness="large"
            color={credit.usedPercent >= 90 ? 'error' : credit.usedPercent >= 75 ? 'warning' : 'brand'}
            aria-label={words.credit}
          />
          <span>{words.used(percent.format(credit.usedPercent / 100))}</span>
        </div>
      )}
      <Facts
        items={[
          { label: words.available, value: credit && <Written text={credit.available} /> },
          { label: words.limit, value: credit && <Written text={credit.limit} /> },
          { label: words.subscriptions, value: subscriptions !== undefined && <Count of={subscriptions} /> },
        ]}
      />
    </Section>
  );
}

/** What needs whoever is signed in, by kind, with the way to where it is done. */
export default function HomePage() {
  const styles = useStyles();
  const words = useWords();
  const me = useMe();
  const texts = useTexts();
  const locale = localeOf(useLang());
  const home = useQuery(homeQuery);
  const { data: server } = useQuery(serverQuery);
  const screens = screensOf(me, server?.sandbox ?? false);
  return (
    <Page
      title={me.role === 'operator' ? texts.screens.home : me.name}
      lead={words.lead(count(home.data?.aheadDays ?? 30, locale))}
    >
      <Loaded query={home} lines={8}>
        {data => {
          const all = ORDER.flatMap(kind => data.items.filter(one => one.kind === kind));
          return (
            <>
              {all.length === 0 && <Empty title={words.nothing} hint={words.nothingHint} />}
              {[true, false].map(isOwn => {
                const group = all.filter(one => MATTERS[one.kind].isOwn === isOwn);
                if (group.length === 0) return null;
                return (
                  <Section key={String(isOwn)} title={isOwn ? words.own : words.others} bare>
                    <ul className={styles.cards}>
                      {group.map(one => (
                        <Card key={one.kind} matter={one} screens={screens} />
                      ))}
                    </ul>
                  </Section>
                );
              })}
              <Standing home={data} />
            </>
          );
        }}
      </Loaded>
    </Page>
  );
}
