/** A tab of a real browser that can be hidden, as its user hides it: Playwright's own pages believe to be seen always. */
import { chromium } from "playwright";
import { CHROMIUM, CHROMIUM_FLAGS } from "./chromium.testing.ts";

/** What Playwright switches off for its own pages: browsers slow the timers of hidden tabs down. */
const USUAL = [
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
];

export interface Tab {
  /** The value of an expression, or what its promise gives; it must be JSON. @throws what it throws. */
  evaluate(expression: string): Promise<unknown>;
  /** Opens another tab before this one, or brings this one to the front again. */
  hide(hidden: boolean): Promise<void>;
  /** Stops all that the tab does, timers and messages too, as browsers do to save a battery; or lets it go on. */
  freeze(frozen: boolean): Promise<void>;
  close(): Promise<void>;
}

/** What comes from the tab: the answer to a call, which has its `id`, or the news of an event. */
interface Message {
  readonly id?: number;
  readonly params?: { readonly context?: { readonly origin: string } };
  readonly error?: { readonly message: string };
  readonly result?: {
    readonly result?: { readonly value?: unknown };
    readonly exceptionDetails?: { readonly text: string; readonly exception?: { readonly description?: string } };
  };
}

/** Opens a browser with one tab. @param grace seconds after which a hidden tab's timers fire once a minute; Chromium's default is 300. */
export async function openTab(url: string, { grace = 300 }: { readonly grace?: number } = {}): Promise<Tab> {
  const browser = await chromium.launch({
    executablePath: CHROMIUM,
    args: [...CHROMIUM_FLAGS, `--enable-features=IntensiveWakeUpThrottling:grace_period_seconds/${grace}`],
    ignoreDefaultArgs: USUAL,
  });
  const devtools = await browser.newBrowserCDPSession();
  const { targetId } = await devtools.send("Target.createTarget", { url: "about:blank" });
  // Not Playwright's own way to a page, which would pretend that it is seen.
  const { sessionId } = await devtools.send("Target.attachToTarget", { targetId, flatten: false });
  const waiting = new Map<number, (answer: Message) => void>();
  let arrive!: () => void;
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  devtools.on("Target.receivedMessageFromTarget", ({ message: text }) => {
    const message = JSON.parse(text) as Message;
    if (message.id !== undefined) waiting.get(message.id)?.(message);
    else if (message.params?.context?.origin === new URL(url).origin) arrive();
  });
  let calls = 0;
  const send = async (method: string, params: object): Promise<Message> => {
    const id = ++calls;
    const answered = new Promise<Message>((resolve) => waiting.set(id, resolve));
    await devtools.send("Target.sendMessageToTarget", { sessionId, message: JSON.stringify({ id, method, params }) });
    const answer = await answered;
    waiting.delete(id);
    if (answer.error) throw new Error(answer.error.message);
    return answer;
  };
  // Nothing can be evaluated while one page gives way to another: it has begun once it has a context of its own.
  await send("Runtime.enable", {});
  await send("Page.navigate", { url });
  await arrived;
  let other: string | undefined;
  return {
    async evaluate(expression) {
      const { result } = await send("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true });
      const thrown = result?.exceptionDetails;
      if (thrown) throw new Error(thrown.exception?.description ?? thrown.text);
      return result?.result?.value;
    },
    async hide(hidden) {
      other ??= (await devtools.send("Target.createTarget", { url: "about:blank" })).targetId;
      await devtools.send("Target.activateTarget", { targetId: hidden ? other : targetId });
    },
    async freeze(frozen) {
      await send("Page.setWebLifecycleState", { state: frozen ? "frozen" : "active" });
    },
    close: () => browser.close(),
  };
}
