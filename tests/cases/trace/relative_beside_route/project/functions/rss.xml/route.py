from .feed import render
