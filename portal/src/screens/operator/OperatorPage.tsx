import { Page, useInAddress, useQueryTexts, Views } from '../../parts';
import { useTexts } from '../../texts';
import { Affiliations } from './Affiliations';
import { Enrolments } from './Enrolments';
import { Parameters } from './Parameters';
import { Schedule } from './Schedule';
import { useWords } from './texts';
import { Waivers } from './Waivers';

const VIEWS = ['enrolments', 'waivers', 'affiliations', 'parameters', 'schedule'] as const;

/** Where a command is given. */
const VIEW_OF: Record<string, (typeof VIEWS)[number]> = {
  record_affiliation: 'affiliations',
  grant_waiver: 'waivers',
  end_waiver: 'waivers',
};

/** What the operator decides on and keeps: enrolments, waivers, affiliations, parameters, the schedule. */
export default function OperatorPage() {
  const texts = useTexts();
  const words = useWords();
  const [chosen, choose] = useInAddress('view');
  // A remedy opens the screen with its command.
  const proposed = useQueryTexts().do ?? '';
  const first = VIEW_OF[proposed] ?? 'enrolments';
  const view = VIEWS.find(one => one === chosen) ?? first;
  return (
    <Page title={texts.screens.operator} lead={words.lead}>
      <Views all={VIEWS} names={words.views} shown={view} onChoose={one => choose(one === first ? '' : one)} />
      {view === 'enrolments' && <Enrolments />}
      {view === 'waivers' && <Waivers />}
      {view === 'affiliations' && <Affiliations />}
      {view === 'parameters' && <Parameters />}
      {view === 'schedule' && <Schedule />}
    </Page>
  );
}
