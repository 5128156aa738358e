from django import template
register = template.Library()


@register.filter
def twice(n): return n * 2
