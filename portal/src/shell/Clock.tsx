import { makeStyles, tokens } from '@fluentui/react-components';
import { CalendarClockRegular } from '@fluentui/react-icons';
import { useQuery } from '@tanstack/react-query';

import { clockQuery, useIsSandbox } from '../api/queries';
import { Link } from '../parts/Link';
import { when } from '../parts/when';
import { useWorld } from '../session/world';
import { useTexts } from '../texts';
import { localeOf, useLang } from '../texts/lang';

const useStyles = makeStyles({
  clock: {
    display: 'inline-flex',
    alignItems: 'center',
    gap: tokens.spacingHorizontalS,
    padding: `${tokens.spacingVerticalXS} ${tokens.spacingHorizontalM}`,
    borderRadius: tokens.borderRadiusCircular,
    backgroundColor: tokens.colorNeutralBackground3,
    color: tokens.colorNeutralForeground1,
    fontVariantNumeric: 'tabular-nums',
    whiteSpace: 'nowrap',
    fontSize: tokens.fontSizeBase200,
    lineHeight: tokens.lineHeightBase300,
  },
  world: { color: tokens.colorBrandForeground1, fontWeight: tokens.fontWeightSemibold },
  icon: { fontSize: '16px' },
});

/** The world's time, and which world it is where it is not the server's own; on a sandbox it leads to where time is moved. */
export function Clock() {
  const styles = useStyles();
  const texts = useTexts();
  const locale = localeOf(useLang());
  const world = useWorld();
  const isSandbox = useIsSandbox();
  const { data } = useQuery(clockQuery);
  if (data === undefined) return null;
  const at = `${when(data.world, locale)} ${texts.parts.utc}`;
  const inside = (
    <>
      <CalendarClockRegular className={styles.icon} aria-hidden />
      {world !== null && <span className={styles.world}>{world}</span>}
      <time dateTime={data.world}>{at}</time>
    </>
  );
  const label = world === null ? texts.shell.clock(at) : `${texts.shell.world(world)}, ${texts.shell.clock(at)}`;
  return isSandbox ? (
    <span title={label}>
      <Link to="/time" className={styles.clock}>
        {inside}
      </Link>
    </span>
  ) : (
    <span className={styles.clock} title={label}>
      {inside}
    </span>
  );
}
