import { Button } from '@fluentui/react-components';
import { OpenRegular } from '@fluentui/react-icons';

import { useIsSandbox, useMe } from '../../api/queries';
import { Page, useInAddress, Views } from '../../parts';
import { useTexts } from '../../texts';
import { Credentials } from './Credentials';
import { Deliveries } from './Deliveries';
import { Inbox } from './Inbox';
import { Requests } from './Requests';
import { useWords } from './texts';

type View = 'requests' | 'inbox' | 'deliveries' | 'credentials';

/** For whoever writes a program against this server: its calls, its webhooks, its credentials, and the reference. */
export default function DeveloperPage() {
  const texts = useTexts();
  const words = useWords();
  const me = useMe();
  const isSandbox = useIsSandbox();
  const [chosen, choose] = useInAddress('view');
  const views: View[] =
    me.role === 'operator'
      ? ['requests', 'deliveries']
      : ['requests', ...(isSandbox ? (['inbox'] as const) : []), 'deliveries', 'credentials'];
  const view = views.find(one => one === chosen) ?? 'requests';
  return (
    <Page
      title={texts.screens.developer}
      lead={words.lead}
      actions={
        <Button as="a" href="/docs" target="_blank" icon={<OpenRegular />}>
          {words.reference}
        </Button>
      }
    >
      <Views all={views} names={words.views} shown={view} onChoose={one => choose(one === 'requests' ? '' : one)} />
      {view === 'requests' && <Requests />}
      {view === 'inbox' && <Inbox />}
      {view === 'deliveries' && <Deliveries />}
      {view === 'credentials' && <Credentials />}
    </Page>
  );
}
