import { Badge, makeStyles, mergeClasses, Subtitle2, tokens } from '@fluentui/react-components';
import { CheckmarkCircleFilled, ChevronRightRegular, DismissCircleFilled } from '@fluentui/react-icons';
import type { ReactNode } from 'react';

import type { ActView, ChainView, DecisionView, RemedyView, Violation } from '../api/shapes';
import { isShown } from '../screens/shown';
import { useTexts } from '../texts';
import { Copy } from './Copy';
import { Facts } from './Facts';
import { ButtonLink, Link } from './Link';
import { lineOf, placeOf } from './places';

const useStyles = makeStyles({
  all: { display: 'flex', flexDirection: 'column', gap: tokens.spacingVerticalL, minWidth: 0 },
  head: { display: 'flex', alignItems: 'center', gap: tokens.spacingHorizontalS },
  title: { margin: 0 },
  good: { color: tokens.colorStatusSuccessForeground1, fontSize: '24px', flexShrink: 0 },
  bad: { color: tokens.colorStatusDangerForeground1, fontSize: '24px', flexShrink: 0 },
  rule: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalS,
    borderLeft: `3px solid ${tokens.colorStatusDangerBorder2}`,
    paddingInlineStart: tokens.spacingHorizontalL,
    overflowWrap: 'anywhere',
  },
  line: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: tokens.spacingHorizontalS },
  text: { margin: 0, lineHeight: tokens.lineHeightBase400, maxWidth: '75ch' },
  dim: { margin: 0, color: tokens.colorNeutralForeground2, maxWidth: '75ch' },
  steps: { margin: 0, paddingInlineStart: tokens.spacingHorizontalXL, display: 'grid', gap: tokens.spacingVerticalS },
  code: { fontFamily: tokens.fontFamilyMonospace, fontSize: tokens.fontSizeBase200, overflowWrap: 'anywhere' },
  remedy: {
    display: 'flex',
    flexDirection: 'column',
    gap: tokens.spacingVerticalS,
    backgroundColor: tokens.colorNeutralBackground3,
    borderRadius: tokens.borderRadiusLarge,
    padding: tokens.spacingHorizontalL,
  },
  heading: { margin: 0, fontSize: tokens.fontSizeBase300, fontWeight: tokens.fontWeightSemibold },
  chain: { display: 'flex', flexWrap: 'wrap', alignItems: 'center', gap: tokens.spacingHorizontalXS },
});

function Rule(props: { violation: Violation }) {
  const styles = useStyles();
  const texts = useTexts();
  const { violation } = props;
  return (
    <article className={styles.rule} data-rule={violation.rule}>
      <div className={styles.line}>
        <Link to={`/rules/${violation.rule}`}>{violation.rule}</Link>
        <strong>{violation.refusal ?? violation.statement}</strong>
      </div>
      {violation.statement !== null && <p className={styles.dim}>{violation.statement}</p>}
      {violation.facts.length > 0 && <Facts items={violation.facts} />}
      {violation.remedy !== null && violation.remedy !== undefined && (
        <p className={styles.text}>
          {texts.decision.cure}: {violation.remedy}
        </p>
      )}
    </article>
  );
}

function Step(props: { act: ActView }) {
  const styles = useStyles();
  const texts = useTexts();
  const place = placeOf(props.act);
  const line = lineOf(props.act);
  return (
    <li>
      <div className={styles.line}>
        <code className={styles.code}>{line}</code>
        <Copy text={line} label={props.act.verb} />
        {place !== null && isShown(place.screen) && (
          <ButtonLink to={place.to} size="small" icon={<ChevronRightRegular />}>
            {texts.decision.open(texts.screens[place.screen])}
          </ButtonLink>
        )}
      </div>
    </li>
  );
}

function Remedy(props: {
  remedy: RemedyView;
  title: string;
  about?: string;
  actions?: ((remedy: RemedyView) => ReactNode) | undefined;
}) {
  const styles = useStyles();
  const { remedy } = props;
  const texts = useTexts();
  return (
    <div className={styles.remedy}>
      <h3 className={styles.heading}>{props.title}</h3>
      {props.about !== undefined && <p className={styles.dim}>{props.about}</p>}
      <ol className={styles.steps}>
        {remedy.commands.map(act => (
          <Step key={lineOf(act)} act={act} />
        ))}
        <Step act={remedy.then} />
      </ol>
      {props.actions?.(remedy)}
      {remedy.otherwise !== undefined && (
        <Remedy remedy={remedy.otherwise} title={texts.decision.otherwise} actions={props.actions} />
      )}
    </div>
  );
}

/** Who stands between the operator and the customer. */
export function Chain(props: { chain: ChainView }) {
  const styles = useStyles();
  const texts = useTexts();
  return (
    <div className={styles.chain} role="group" aria-label={texts.decision.chain}>
      {props.chain.links.map((link, index) => (
        <span key={`${index} ${link}`} className={styles.chain}>
          {index > 0 && <ChevronRightRegular aria-hidden />}
          <Badge appearance="outline" size="large" shape="rounded">
            {link}
          </Badge>
        </span>
      ))}
    </div>
  );
}

/**
 * Why something may or may not be: every rule that forbids it with its facts, what cures it, the remedy that the server has
 * rehearsed with buttons to where it is done, the chain. The same for a dry run and for any refusal.
 */
export function Decision(props: {
  decision: DecisionView;
  /** The chain is drawn beside it. */
  withoutChain?: boolean;
  /** What can be done with a remedy as a whole, below its steps. */
  remedyActions?: (remedy: RemedyView) => ReactNode;
  children?: ReactNode;
}) {
  const styles = useStyles();
  const texts = useTexts();
  const { decision } = props;
  const title = decision.allowed ? texts.decision.allowed : texts.decision.refused(decision.violations.length);
  return (
    <div className={styles.all} role="status" data-decision={decision.allowed ? 'allowed' : 'refused'}>
      <div className={styles.head}>
        {decision.allowed ? (
          <CheckmarkCircleFilled className={styles.good} aria-hidden />
        ) : (
          <DismissCircleFilled className={styles.bad} aria-hidden />
        )}
        <Subtitle2 as="h2" className={mergeClasses(styles.title)}>
          {title}
        </Subtitle2>
      </div>
      {decision.chain !== undefined && props.withoutChain !== true && <Chain chain={decision.chain} />}
      {decision.waiver !== null && decision.waiver !== undefined && (
        <p className={styles.dim}>{texts.decision.waiver(decision.waiver)}</p>
      )}
      {decision.violations.map(violation => (
        <Rule key={violation.rule} violation={violation} />
      ))}
      {decision.remedy !== null && decision.remedy !== undefined && (
        <Remedy
          remedy={decision.remedy}
          title={texts.decision.remedy}
          about={texts.decision.remedyAbout}
          actions={props.remedyActions}
        />
      )}
      {decision.wire !== null && decision.wire !== undefined && !decision.allowed && (
        <p className={styles.dim}>
          {texts.decision.wire}: {decision.wire.status} {decision.wire.code}
        </p>
      )}
      {props.children}
    </div>
  );
}
