import { useMe } from '../../api/queries';
import { Page } from '../../parts';
import { useTexts } from '../../texts';
import { Enrolment } from './Enrolment';
import { Partnerships } from './Partnerships';
import { useWords } from './texts';

/** The way into the program, and to each other. */
export default function OnboardingPage() {
  const texts = useTexts();
  const words = useWords();
  const me = useMe();
  const isProvider = me.role === 'indirect_provider';
  return (
    <Page title={texts.screens.onboarding} lead={isProvider ? words.leadProvider : words.lead}>
      {/* What is there to do comes first. */}
      {isProvider ? (
        <>
          <Partnerships />
          <Enrolment />
        </>
      ) : (
        <>
          <Enrolment />
          <Partnerships />
        </>
      )}
    </Page>
  );
}
