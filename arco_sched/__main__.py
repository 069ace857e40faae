"""`python -m arco_sched` is `arco`."""

from arco_sched.cli.entry import main

if __name__ == "__main__":
    main()
