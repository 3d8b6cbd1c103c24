"""Deploying: releases, where they are kept, what runs them, and how one follows another."""
