<?php

/**
 * Ships each order of Quittance's fulfilment queue once, although messages come more than once.
 *
 * Copy it, and put your own code where `Program` is. The recipe in words: docs/consumer.md
 *
 * It needs no package: `Aws` speaks to the two services itself. Where you have the AWS SDK for PHP, its clients take
 * the place of that class.
 */

declare(strict_types=1);

const RELEASE = 'quittance.order.fulfilment_requested';
const REVERSAL = 'quittance.order.reversal_requested';
/** They come only where the stack is told to send them. */
const NOTICES = ['quittance.order.held', 'quittance.order.stranded'];
const SHIPS = ['pending', 'authorised', 'partially_captured', 'captured', 'partially_refunded'];
/** The money went back, or was lost, before the message was written: nothing is shipped, and the reversals follow. */
const WITHDRAWN = ['refunded', 'charged_back', 'cancelled', 'refused', 'expired'];

/** The hand-over and the three calls before it take less than the lease: nobody takes over from a process at work. */
const HAND_OVER_SECONDS = 5;
const CALL_SECONDS = 5;
/** The longest that SQS waits for a message. */
const WAIT_SECONDS = 20;

/** The message comes again, and ends in the dead-letter queue. Says why, and quotes nothing of it. */
class Failed extends Exception
{
}

/**
 * Where orders are shipped from: your own code.
 *
 * Each call may come twice under one id, when we died before we could remember the first. So the warehouse takes one id
 * once: as the idempotency key of its API, or as a unique column. What it does not take throws `Failed`.
 */
interface Warehouse
{
    /** Ship this order. Returns once the warehouse has it for good. */
    public function ship(string $id, array $order): void;

    /** Money of this order went back: stop the parcel, or expect it back. Perhaps it was never shipped. */
    public function takeBack(string $id, array $reversal, array $order): void;
}

/**
 * Stands where your warehouse belongs: a program, started for each hand-over with a line of JSON on its standard input.
 * It ends with 0 once it has the order for good.
 */
final class Program implements Warehouse
{
    public function __construct(private string $path)
    {
    }

    public function ship(string $id, array $order): void
    {
        $this->run(['do' => 'ship', 'id' => $id, 'order' => $order]);
    }

    public function takeBack(string $id, array $reversal, array $order): void
    {
        $this->run(['do' => 'take_back', 'id' => $id, 'reversal' => $reversal, 'order' => $order]);
    }

    private function run(array $task): void
    {
        $program = popen('exec timeout -s KILL ' . HAND_OVER_SECONDS . ' ' . escapeshellarg($this->path), 'w');
        // Whether it read the line is told by its status.
        @fwrite($program, json_encode($task, JSON_THROW_ON_ERROR) . "\n");
        if (pclose($program) !== 0) {
            throw new Failed('the warehouse did not take it');
        }
    }
}

/** What a service says instead of an answer. */
final class Refused extends Failed
{
    public function __construct(public readonly string $type, public readonly array $answer)
    {
        parent::__construct("a service said $type");
    }
}

/** SQS and DynamoDB in their JSON protocol, signed as AWS Signature Version 4 says. Keys come from the environment. */
final class Aws
{
    private readonly string $region;
    /** One for all calls, because it keeps connections open. */
    private readonly CurlHandle $curl;

    public function __construct()
    {
        $this->region = getenv('AWS_REGION') ?: setting('AWS_DEFAULT_REGION');
        $this->curl = curl_init();
    }

    /** One call. A progress function that returns 1 gives it up. */
    public function call(string $service, string $target, array $body, int $wait = 0, ?callable $progress = null): array
    {
        $url = getenv('AWS_ENDPOINT_URL_' . strtoupper($service)) ?: getenv('AWS_ENDPOINT_URL')
            ?: "https://$service.{$this->region}.amazonaws.com";
        $body = json_encode($body, JSON_THROW_ON_ERROR);
        curl_reset($this->curl);
        curl_setopt_array($this->curl, [
            CURLOPT_URL => $url,
            CURLOPT_POSTFIELDS => $body,
            CURLOPT_HTTPHEADER => $this->headers($service, $target, parse_url($url), $body),
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_TIMEOUT => CALL_SECONDS + $wait,
            CURLOPT_NOPROGRESS => $progress === null,
            CURLOPT_XFERINFOFUNCTION => $progress,
        ]);
        $text = curl_exec($this->curl);
        if ($text === false) {
            throw new Failed('a service was not reached: ' . curl_strerror(curl_errno($this->curl)));
        }
        $answer = $text === '' ? [] : json_decode($text, true);
        $status = curl_getinfo($this->curl, CURLINFO_RESPONSE_CODE);
        if ($status !== 200 || !is_array($answer)) {
            $type = preg_replace('/^.*#/', '', $answer['__type'] ?? "status $status");
            throw new Refused($type, $answer ?? []);
        }
        return $answer;
    }

    private function headers(string $service, string $target, array $url, string $body): array
    {
        $time = gmdate('Ymd\THis\Z');
        $headers = [
            'content-type' => 'application/x-amz-json-1.0',
            'host' => $url['host'] . (isset($url['port']) ? ":{$url['port']}" : ''),
            'x-amz-date' => $time,
            'x-amz-security-token' => getenv('AWS_SESSION_TOKEN') ?: '',
            'x-amz-target' => $target,
        ];
        $headers = array_filter($headers, strlen(...));
        $lines = array_map(fn ($name, $value) => "$name:$value", array_keys($headers), $headers);
        $signed = implode(';', array_keys($headers));

        $request = "POST\n/\n\n" . implode("\n", $lines) . "\n\n$signed\n" . hash('sha256', $body);
        $scope = [substr($time, 0, 8), $this->region, $service, 'aws4_request'];
        $place = implode('/', $scope);
        $text = "AWS4-HMAC-SHA256\n$time\n$place\n" . hash('sha256', $request);
        $derive = fn ($key, $part) => hash_hmac('sha256', $part, $key, true);
        $key = array_reduce($scope, $derive, 'AWS4' . setting('AWS_SECRET_ACCESS_KEY'));
        $signature = hash_hmac('sha256', $text, $key);
        $id = setting('AWS_ACCESS_KEY_ID');
        $lines[] = "authorization: AWS4-HMAC-SHA256 Credential=$id/$place, SignedHeaders=$signed, Signature=$signature";
        return $lines;
    }
}

/** The ids that were acted on, for ever: a table with the hash key `pk`. PutItem is all that it needs. */
final class Memory
{
    public function __construct(private Aws $aws, private string $table, private int $leaseSeconds)
    {
    }

    /** Makes the id ours until the lease ends. If it was acted on before: the type of the message that did. */
    public function claim(string $id, array $message, string $me): ?string
    {
        $now = time();
        $item = $this->item($id, $message, 'claimed');
        $item += ['claimed_by' => ['S' => $me], 'lease_ends' => ['N' => (string) ($now + $this->leaseSeconds)]];
        try {
            $this->put($item, [
                // Our own claim is found when a write is repeated whose answer was lost.
                'ConditionExpression' => 'attribute_not_exists(pk) OR '
                    . '(#state = :claimed AND (lease_ends < :now OR claimed_by = :me))',
                'ExpressionAttributeNames' => ['#state' => 'state'],
                'ExpressionAttributeValues' =>
                    [':claimed' => ['S' => 'claimed'], ':now' => ['N' => (string) $now], ':me' => ['S' => $me]],
                'ReturnValuesOnConditionCheckFailure' => 'ALL_OLD',
            ]);
            return null;
        } catch (Refused $refused) {
            if ($refused->type !== 'ConditionalCheckFailedException') {
                throw $refused;
            }
        }
        $there = $refused->answer['Item'] ?? [];
        if (($there['state']['S'] ?? '') !== 'done') {
            throw new Failed('somebody else is at work on it');
        }
        return $there['type']['S'];
    }

    /** Remembers for ever that the id was acted on: true whoever says it, so there is no condition. */
    public function settle(string $id, array $message): void
    {
        $this->put($this->item($id, $message, 'done') + ['done_at' => ['S' => gmdate('Y-m-d\TH:i:s\Z')]]);
    }

    private function put(array $item, array $condition = []): void
    {
        $put = ['TableName' => $this->table, 'Item' => $item] + $condition;
        $this->aws->call('dynamodb', 'DynamoDB_20120810.PutItem', $put);
    }

    private function item(string $id, array $message, string $state): array
    {
        ['type' => $type, 'source' => $source, 'subject' => $subject] = $message;
        $shown = ['pk' => $id, 'state' => $state, 'type' => $type, 'source' => $source, 'subject' => $subject];
        return array_map(fn (string $value) => ['S' => $value], $shown);
    }
}

function setting(string $name): string
{
    return getenv($name) ?: throw new RuntimeException("$name is not set");
}

/** A message that is understood to the end. What is not ends in the dead-letter queue, where a person sees it. */
function read(string $body): array
{
    $message = json_decode($body, true);
    $type = $message['type'] ?? null;
    $order = $message['data'] ?? null;
    if (!is_string($type) || !is_array($order)) {
        throw new Failed('not a message of the fulfilment queue');
    }
    $is_notice = in_array($type, NOTICES, true);
    $about = match (true) {
        $type === RELEASE => [$order['fulfilment'] ?? null],
        $type === REVERSAL => $order['reversals'] ?? [],
        $is_notice => [],
        default => throw new Failed('unknown type of message'),
    };
    $text = fn (array $from, string $name) => is_string($from[$name] ?? null) ? $from[$name] : '';
    $source = "/quittance/{$text($order, 'psp')}/{$text($order, 'merchant')}/{$text($order, 'mode')}";
    $agrees = $text($message, 'specversion') === '1.0'
        && $text($message, 'source') === $source
        && $text($message, 'subject') === $text($order, 'order')
        && $text($message, 'id') !== ''
        && ($is_notice || in_array($text($message, 'id'), array_column($about, 'id'), true))
        && ($is_notice || $text($order['fulfilment'] ?? [], 'id') !== '')
        && in_array($text($order, 'mode'), ['test', 'production'], true)
        && in_array($text($order, 'state'), [...SHIPS, ...WITHDRAWN], true);
    return $agrees ? $message : throw new Failed('the message contradicts itself');
}

/** Claims, hands over, settles. Says what it came to. */
function act(array $message, Memory $memory, Warehouse $warehouse): string
{
    ['id' => $id, 'type' => $type, 'data' => $order] = $message;
    $me = bin2hex(random_bytes(16));
    if ($before = $memory->claim($id, $message, $me)) {
        return $before === $type ? 'already handled' : 'not shipped: its reversal came first';
    }
    if ($order['mode'] === 'test') {
        $done = 'a test payment: nothing is shipped';
    } elseif (in_array($type, NOTICES, true)) {
        // Write to whoever looks after orders, if you like. The order may have been released since.
        $done = 'a notice: nothing is shipped';
    } elseif ($type === REVERSAL) {
        // A release that was never seen may wait in the dead-letter queue: it must not ship when it is brought back.
        $release = $order['fulfilment']['id'];
        if (!$memory->claim($release, $message, $me)) {
            $memory->settle($release, $message);
        }
        $reversal = array_column($order['reversals'], null, 'id')[$id];
        $warehouse->takeBack($id, $reversal, $order);
        $done = 'taken back';
    } elseif (in_array($order['state'], WITHDRAWN, true)) {
        $done = 'the money went back before shipping: nothing is shipped';
    } else {
        $warehouse->ship($id, $order);
        $done = 'shipped';
    }
    $memory->settle($id, $message);
    return $done;
}

/** Receives until it is asked to end. What is in hand is done to its end, and nobody waits for the next message. */
function main(): void
{
    $ending = false;
    pcntl_async_signals(true);
    foreach ([SIGTERM, SIGINT] as $signal) {
        pcntl_signal($signal, function () use (&$ending) {
            $ending = true;
        });
    }
    $aws = new Aws();
    $queue = ['QueueUrl' => setting('QUITTANCE_QUEUE_URL')];
    $memory = new Memory($aws, setting('QUITTANCE_TABLE'), (int) (getenv('QUITTANCE_LEASE_SECONDS') ?: 60));
    $warehouse = new Program(setting('QUITTANCE_WAREHOUSE'));
    // One at a time is one of a group at a time. For more at once start more processes: the queue keeps the groups.
    $receive = $queue + ['MaxNumberOfMessages' => 1, 'WaitTimeSeconds' => WAIT_SECONDS];
    $asked = function () use (&$ending) {
        return (int) $ending;
    };
    while (!$ending) {
        try {
            $messages = $aws->call('sqs', 'AmazonSQS.ReceiveMessage', $receive, WAIT_SECONDS, $asked)['Messages'] ?? [];
        } catch (Failed $why) {
            $messages = $ending ? [] : throw $why;
        }
        foreach ($messages as ['MessageId' => $name, 'Body' => $body, 'ReceiptHandle' => $handle]) {
            try {
                $message = read($body);
                $name = $message['id'];
                $said = act($message, $memory, $warehouse);
                $aws->call('sqs', 'AmazonSQS.DeleteMessage', $queue + ['ReceiptHandle' => $handle]);
            } catch (Throwable $why) {
                // The words of other errors may quote the buyer.
                $said = 'not handled: ' . ($why instanceof Failed ? $why->getMessage() : $why::class);
            }
            fwrite(STDERR, "$name $said\n");
        }
    }
}

main();
