#!/bin/bash
# Installs Debian's Slurm and munge where they are missing. Ends with 77 and the reason where that
# cannot be done: no root, no apt-get, no package index.
set -euo pipefail
ready() { PATH=$PATH:/usr/sbin command -v slurmctld slurmd munged sbatch squeue > /dev/null; }
cannot() { echo "$1" >&2; exit 77; }

[ "$(id -u)" = 0 ] || cannot "a Slurm of one's own needs root, this is $(id -un)"
ready && exit 0
command -v apt-get > /dev/null || cannot "Slurm is not installed, and there is no apt-get"
export DEBIAN_FRONTEND=noninteractive
packages=(slurm-wlm munge)
install() { apt-get install --yes --quiet --no-install-recommends "${packages[@]}" >&2; }
install || { apt-get update --quiet >&2 && install; } || cannot "apt-get could not install ${packages[*]}"
ready || cannot "the packages ${packages[*]} lack a program that is needed"
