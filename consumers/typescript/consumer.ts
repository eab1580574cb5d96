/**
 * Ships each order of Quittance's fulfilment queue once, although messages come more than once.
 *
 * Copy it, and put your own code where `Program` is. The recipe in words: docs/consumer.md
 */

import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import process from "node:process";

import { ConditionalCheckFailedException, DynamoDBClient, PutItemCommand } from "@aws-sdk/client-dynamodb";
import { DeleteMessageCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";

const RELEASE = "quittance.order.fulfilment_requested";
const REVERSAL = "quittance.order.reversal_requested";
/** They come only where the stack is told to send them. */
const NOTICES = ["quittance.order.held", "quittance.order.stranded"];
const SHIPS = ["pending", "authorised", "partially_captured", "captured", "partially_refunded"];
/** The money went back, or was lost, before the message was written: nothing is shipped, and the reversals follow. */
const WITHDRAWN = ["refunded", "charged_back", "cancelled", "refused", "expired"];

/** The hand-over and the three writes before it take less than the lease: nobody takes over from a process at work. */
const HAND_OVER_MS = 5_000;
const REMEMBER_MS = 8_000;
/** The longest that SQS waits for a message. */
const WAIT_SECONDS = 20;

/** Of a message, what is used here. Every member: docs/interface.md */
interface Message {
  specversion: string;
  id: string;
  type: string;
  source: string;
  subject: string;
  data: Order;
}

interface Order {
  psp: string;
  merchant: string;
  mode: string;
  order: string;
  state: string;
  currency: string;
  expected: number;
  fulfilment: { id: string } | null;
  reversals: Reversal[];
}

interface Reversal {
  id: string;
  amount: number;
  reason: string;
}

/** The message comes again, and ends in the dead-letter queue. Says why, and quotes nothing of it. */
class Failed extends Error {}

/**
 * Where orders are shipped from: your own code.
 *
 * Each call may come twice under one id, when we died before we could remember the first. So the warehouse takes one id
 * once: as the idempotency key of its API, or as a unique column. What it does not take throws `Failed`.
 */
interface Warehouse {
  /** Ship this order. Resolves once the warehouse has it for good. */
  ship(id: string, order: Order): Promise<void>;
  /** Money of this order went back: stop the parcel, or expect it back. Perhaps it was never shipped. */
  takeBack(id: string, reversal: Reversal, order: Order): Promise<void>;
}

/**
 * Stands where your warehouse belongs: a program, started for each hand-over with a line of JSON on its standard input.
 * It ends with 0 once it has the order for good.
 */
class Program implements Warehouse {
  private readonly path: string;

  constructor(path: string) {
    this.path = path;
  }

  ship(id: string, order: Order) {
    return this.run({ do: "ship", id, order });
  }

  takeBack(id: string, reversal: Reversal, order: Order) {
    return this.run({ do: "take_back", id, reversal, order });
  }

  private async run(task: object) {
    const child = spawn(this.path, {
      stdio: ["pipe", "inherit", "inherit"],
      timeout: HAND_OVER_MS,
      killSignal: "SIGKILL",
    });
    // Whether it read the line is told by its status.
    child.stdin.on("error", () => {}).end(`${JSON.stringify(task)}\n`);
    const [status] = await once(child, "exit").catch(() => [null]);
    if (status !== 0) throw new Failed("the warehouse did not take it");
  }
}

/** The ids that were acted on, for ever: a table with the hash key `pk`. PutItem is all that it needs. */
class Memory {
  private readonly dynamodb = new DynamoDBClient();
  private readonly table: string;
  private readonly leaseSeconds: number;

  constructor(table: string, leaseSeconds: number) {
    this.table = table;
    this.leaseSeconds = leaseSeconds;
  }

  /** Makes the id ours until the lease ends. If it was acted on before: the type of the message that did. */
  async claim(id: string, message: Message, me: string): Promise<string | undefined> {
    const now = Math.floor(Date.now() / 1000);
    const claim = new PutItemCommand({
      TableName: this.table,
      Item: {
        ...item(id, message, "claimed"),
        claimed_by: { S: me },
        lease_ends: { N: `${now + this.leaseSeconds}` },
      },
      // Our own claim is found when a write is repeated whose answer was lost.
      ConditionExpression:
        "attribute_not_exists(pk) OR (#state = :claimed AND (lease_ends < :now OR claimed_by = :me))",
      ExpressionAttributeNames: { "#state": "state" },
      ExpressionAttributeValues: { ":claimed": { S: "claimed" }, ":now": { N: `${now}` }, ":me": { S: me } },
      ReturnValuesOnConditionCheckFailure: "ALL_OLD",
    });
    try {
      await this.put(claim);
      return undefined;
    } catch (refused) {
      if (!(refused instanceof ConditionalCheckFailedException)) throw refused;
      if (refused.Item?.state?.S !== "done") throw new Failed("somebody else is at work on it");
      return refused.Item.type?.S;
    }
  }

  /** Remembers for ever that the id was acted on: true whoever says it, so there is no condition. */
  async settle(id: string, message: Message) {
    const done_at = { S: new Date().toISOString().replace(/\.\d+/, "") };
    await this.put(new PutItemCommand({ TableName: this.table, Item: { ...item(id, message, "done"), done_at } }));
  }

  private put(command: PutItemCommand) {
    return this.dynamodb.send(command, { abortSignal: AbortSignal.timeout(REMEMBER_MS) });
  }
}

function item(id: string, { type, source, subject }: Message, state: string) {
  return { pk: { S: id }, state: { S: state }, type: { S: type }, source: { S: source }, subject: { S: subject } };
}

/** A message that is understood to the end. What is not ends in the dead-letter queue, where a person sees it. */
function read(body: string): Message {
  let agrees: boolean;
  let message: Message;
  try {
    message = JSON.parse(body);
    const { type, data: order } = message;
    if (![RELEASE, REVERSAL, ...NOTICES].includes(type)) throw new Failed("unknown type of message");
    const about = type === RELEASE ? [order.fulfilment] : order.reversals;
    const namesItself = NOTICES.includes(type)
      ? message.id.length > 0
      : about.some((each) => each?.id === message.id) && order.fulfilment!.id.length > 0;
    agrees =
      message.specversion === "1.0" &&
      message.source === `/quittance/${order.psp}/${order.merchant}/${order.mode}` &&
      message.subject === order.order &&
      namesItself &&
      ["test", "production"].includes(order.mode) &&
      [...SHIPS, ...WITHDRAWN].includes(order.state);
  } catch (why) {
    throw why instanceof Failed ? why : new Failed("not a message of the fulfilment queue");
  }
  if (!agrees) throw new Failed("the message contradicts itself");
  return message;
}

/** Claims, hands over, settles. Says what it came to. */
async function act(message: Message, memory: Memory, warehouse: Warehouse): Promise<string> {
  const { id, type, data: order } = message;
  const me = randomUUID();
  const before = await memory.claim(id, message, me);
  if (before) return before === type ? "already handled" : "not shipped: its reversal came first";
  const done = await handOver();
  await memory.settle(id, message);
  return done;

  async function handOver() {
    if (order.mode === "test") return "a test payment: nothing is shipped";
    // Write to whoever looks after orders, if you like. The order may have been released since.
    if (NOTICES.includes(type)) return "a notice: nothing is shipped";
    const reversal = order.reversals.find((each) => each.id === id);
    if (reversal) {
      // A release that was never seen may wait in the dead-letter queue: it must not ship when it is brought back.
      const release = order.fulfilment!.id;
      if (!(await memory.claim(release, message, me))) await memory.settle(release, message);
      await warehouse.takeBack(id, reversal, order);
      return "taken back";
    }
    if (WITHDRAWN.includes(order.state)) return "the money went back before shipping: nothing is shipped";
    await warehouse.ship(id, order);
    return "shipped";
  }
}

function setting(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

const QueueUrl = setting("QUITTANCE_QUEUE_URL");
const memory = new Memory(setting("QUITTANCE_TABLE"), Number(process.env.QUITTANCE_LEASE_SECONDS || 60));
const warehouse = new Program(setting("QUITTANCE_WAREHOUSE"));
const sqs = new SQSClient();

// What is in hand is done to its end, and nobody waits for the next message.
const ending = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => ending.abort());

/** One at a time is one of a group at a time. For more at once start more processes: the queue keeps the groups. */
async function receive() {
  const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 1, WaitTimeSeconds: WAIT_SECONDS });
  try {
    return (await sqs.send(receive, { abortSignal: ending.signal })).Messages ?? [];
  } catch (why) {
    if (ending.signal.aborted) return [];
    throw why;
  }
}

while (!ending.signal.aborted) {
  for (const { MessageId, Body, ReceiptHandle } of await receive()) {
    let name = MessageId;
    let said: string;
    try {
      const message = read(Body ?? "");
      name = message.id;
      said = await act(message, memory, warehouse);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    } catch (why) {
      // The words of other errors may quote the buyer.
      said = `not handled: ${why instanceof Failed ? why.message : (why as Error).name}`;
    }
    console.error(name, said);
  }
}
