"""A process of ours that leads ports to guests where there is no root.

`Proxy`, in the module of that name, is what others use; `python -m fata.deploy.traffic.proxy` is
the process.
"""
