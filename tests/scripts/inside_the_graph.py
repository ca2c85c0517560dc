"""Looking at gradients on their way: hooks, next_functions, frozen layers."""

import torch
from torch import nn

torch.manual_seed(3)
x = torch.ones(2, requires_grad=True)
h = x * 3
h.retain_grad()
out = (h**2).sum()


def report(name):
    def hook(grad):
        print("gradient of", name, grad)

    return hook


x.register_hook(report("x"))
h.register_hook(report("h"))
h.register_hook(lambda grad: grad / 2)
out.backward()
print(h.grad, x.grad)

node = out.grad_fn
while node is not None:
    print(node.name().split(":")[-1], len(node.next_functions))
    node = node.next_functions[0][0] if node.next_functions else None

print((x * 2).grad)

net = nn.Sequential(nn.Linear(2, 2), nn.ReLU(), nn.Linear(2, 1))
for p in net[0].parameters():
    p.requires_grad = False
handle = net[2].register_forward_hook(lambda m, i, o: print("forward:", m, tuple(o.shape)))
net(torch.ones(1, 2)).sum().backward()
handle.remove()
print([p.grad is None for p in net.parameters()])
