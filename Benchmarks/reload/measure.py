"""measure.py PROXY FOLDER RELOADS: see `run`, which makes the namespaces that this needs."""
import base64
import os
import select
import signal
import socket
import subprocess
import sys
import time

proxy, folder, reloads = sys.argv[1], sys.argv[2], int(sys.argv[3])
config = f"{folder}/proxy.yaml"
BY_TOKEN = "[{name: Capture, config: {suffix: {size: 8, remove: true}}}, {name: TokenRouter}]"
MARKED = "[{name: Capture, config: {suffix: {size: 8, remove: true}}}, {name: TokenRouter}, " \
    "{name: Concatenate, config: {on_read: APPEND, bytes: %s}}]"
TOKEN = b"t0000000"


def text(filters, server, endpoints, tokens):
    """All tokens lead to one of two servers; the other endpoints are not talked to."""
    shown = ", ".join(base64.b64encode(b"t%07d" % number).decode() for number in range(tokens))
    lines = [f"version: v1alpha1\nfilters: {filters}\nclusters:\n  - endpoints:\n"]
    lines.append(f"      - {{address: '10.92.2.2:{9000 + server}', metadata: {{quilkin.dev: {{tokens: [{shown}]}}}}}}\n")
    lines.append(f"      - {{address: '10.92.2.2:{9001 - server}'}}\n")
    for number in range(2, endpoints):
        lines.append(f"      - {{address: '10.92.2.{2 + number // 60000}:{10000 + number % 60000}'}}\n")
    return "".join(lines)


def replace(content):
    with open(config + ".new", "w") as file:
        file.write(content)
    os.rename(config + ".new", config)


def bound(address, port):
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind((address, port))
    made.setblocking(False)
    return made


def empty(sockets):
    for each in sockets:
        try:
            while True:
                each.recv(100)
        except BlockingIOError:
            pass


def measure(command, name, versions, count):
    """Changes between two versions of the file. Sends all the time, and takes the time until the other server gets the first one."""
    replace(versions[0])
    arguments = ["ip", "netns", "exec", "reload-proxy", proxy, command, "--config", config, "--listen", "10.92.1.1:7777",
                 "--no-admin", "--log-format", "text"]
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)
    lines = []
    for line in process.stderr:
        lines.append(line)
        if "path: " in line:
            break
    if command == "ebpf" and not any("path: kernel" in line for line in lines):
        sys.exit("no kernel path:\n" + "".join(lines))
    client, servers = bound("10.92.1.2", 5000), [bound("10.92.2.2", 9000), bound("10.92.2.2", 9001)]
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        client.sendto(b"x" + TOKEN, ("10.92.1.1", 7777))
        time.sleep(0.01)
    times = []
    for number in range(1, count + 1):
        empty(servers)
        with open(config + ".new", "w") as file:
            file.write(versions[number % 2])
        start = time.monotonic()
        os.rename(config + ".new", config)
        while True:
            client.sendto(b"x" + TOKEN, ("10.92.1.1", 7777))
            ready = select.select([servers[number % 2]], [], [], 0.0001)[0]
            if ready:
                break
            if time.monotonic() - start > 20:
                sys.exit("a change has had no effect in 20 s")
        times.append((time.monotonic() - start) * 1000)
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    process.send_signal(signal.SIGTERM)
    process.kill()
    process.wait()
    for each in [client] + servers:
        each.close()
    times.sort()
    print(f"{command:5} {name:44} median {times[len(times) // 2]:7.1f} ms  worst {times[-1]:7.1f} ms", flush=True)


for command in ["run", "ebpf"]:
    marks = [base64.b64encode(mark).decode() for mark in (b"0", b"1")]
    measure(command, "2 endpoints change", [text(BY_TOKEN, server, 2, 1) for server in (0, 1)], reloads)
    measure(command, "the chain changes", [text(MARKED % marks[server], server, 2, 1) for server in (0, 1)], reloads)
    measure(command, "1,000 endpoints, their order changes", [text(BY_TOKEN, server, 1000, 1) for server in (0, 1)], reloads)
    measure(command, "100,000 tokens move", [text(BY_TOKEN, server, 2, 100_000) for server in (0, 1)], max(5, reloads // 10))
